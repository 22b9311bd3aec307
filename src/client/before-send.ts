import { Refusal, typeName } from '../core/refusal.js';
import { ignoreRejection, isPromise } from '../core/user-call.js';
import type { EncodeContext, Entry, IdentifyInput } from '../protocol/event.js';
import { isMap, isPlain } from '../protocol/properties.js';
import { IDENTIFY_EVENT } from '../protocol/wire.js';
import type { ClientOptions, OutgoingEvent } from './options.js';

/** Encodes an input, or returns why it is refused; `null` if the user dropped it. */
export type Encode<Input> = (input: Input, context: EncodeContext) => Entry | Refusal | null;

/**
 * Passes a copy of the event to `beforeSend` first; `null` drops the event. Its maps are copies too: they belong to the application,
 * or are the page of all events of a visitor.
 */
export function throughBeforeSend<Input extends IdentifyInput>(
  beforeSend: NonNullable<ClientOptions['beforeSend']>,
  encode: Encode<Input>,
): Encode<Input> {
  return (input, context) => {
    const copy = { event: IDENTIFY_EVENT, ...input } as unknown as Maps;
    copyMaps(copy, EVENT_MAPS);
    if (copy.userProperties !== input.userProperties) copyMaps(copy.userProperties as Maps, PERSON_MAPS);
    let kept: OutgoingEvent | null;
    try {
      kept = beforeSend(copy as unknown as OutgoingEvent);
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

const EVENT_MAPS = ['eventProperties', 'userProperties', 'defaultProperties', 'identityContext'];
const PERSON_MAPS = ['consent', 'custom_properties'];

type Maps = Record<string, unknown>;

function copyMaps(holder: Maps, names: readonly string[]): void {
  for (const name of names) {
    const map = holder[name];
    try {
      if (isMap(map) && isPlain(map)) holder[name] = { ...map };
    } catch {
      // A getter or proxy throws. The encoder gets the map as it is, and reports what it cannot read.
    }
  }
}

function failed(how: string): Refusal {
  return new Refusal('before_send_failed', `beforeSend ${how}: it must return the event, or null to drop it.`);
}
