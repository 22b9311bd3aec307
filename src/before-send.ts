import type { ClientOptions, OutgoingEvent } from './options.js';
import type { EncodeContext, Entry, IdentifyInput } from './protocol/event.js';
import { Refusal } from './protocol/refusal.js';
import { ignoreRejection, isPromise } from './protocol/user-call.js';
import { IDENTIFY_EVENT } from './protocol/wire.js';

/** Makes an entry of an input, or says why not; `null` is an event the user let go. */
export type Encode<Input> = (input: Input, context: EncodeContext) => Entry | Refusal | null;

/** Lets `beforeSend` see a copy of the event first; `null` drops it. */
export function throughBeforeSend<Input extends IdentifyInput>(
  beforeSend: NonNullable<ClientOptions['beforeSend']>,
  encode: Encode<Input>,
): Encode<Input> {
  return (input, context) => {
    const copy = { event: IDENTIFY_EVENT, ...input };
    let kept: OutgoingEvent | null;
    try {
      kept = beforeSend(copy);
    } catch {
      return new Refusal('before_send_failed', 'beforeSend threw.');
    }
    if (isPromise(kept)) {
      ignoreRejection(kept);
      return new Refusal('before_send_failed', 'beforeSend returned a promise; it must be synchronous.');
    }
    return kept === null ? null : encode(kept as unknown as Input, context);
  };
}
