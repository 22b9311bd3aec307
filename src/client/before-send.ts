import { Refusal, typeName } from '../core/refusal.js';
import { ignoreRejection, isPromise } from '../core/user-call.js';
import type { EncodeContext, Entry, IdentifyInput } from '../protocol/event.js';
import { IDENTIFY_EVENT } from '../protocol/wire.js';
import type { ClientOptions, OutgoingEvent } from './options.js';

/** Encodes an input, or returns why it is refused; `null` if the user dropped it. */
export type Encode<Input> = (input: Input, context: EncodeContext) => Entry | Refusal | null;

/** Passes a copy of the event to `beforeSend` first; `null` drops the event. */
export function throughBeforeSend<Input extends IdentifyInput>(
  beforeSend: NonNullable<ClientOptions['beforeSend']>,
  encode: Encode<Input>,
): Encode<Input> {
  return (input, context) => {
    const copy = { event: IDENTIFY_EVENT, ...input };
    let kept: OutgoingEvent | null;
    try {
      kept = beforeSend(copy);
    } catch (error) {
      // Its message may quote the event.
      return failed(`threw (${error instanceof Error ? error.name : typeName(error)})`);
    }
    if (isPromise(kept)) {
      ignoreRejection(kept);
      return failed('returned a promise, and must be synchronous');
    }
    if (typeof kept !== 'object') return failed(`returned ${typeName(kept)}`);
    return kept === null ? null : encode(kept as unknown as Input, context);
  };
}

function failed(how: string): Refusal {
  return new Refusal('before_send_failed', `beforeSend ${how}: it must return the event, or null to drop it.`);
}
