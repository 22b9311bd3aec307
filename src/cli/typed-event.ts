import type { IdentifyInput, TrackInput } from '../protocol/event.js';
import { printable } from '../protocol/printable.js';
import { Refusal } from '../protocol/refusal.js';
import { IDENTIFY_EVENT } from '../protocol/wire.js';
import { readEventTime } from './event-time.js';
import { FIELDS } from './field-path.js';

/** An event that came as text: what it is, and what to call the client with. */
export type TypedEvent =
  | { readonly kind: 'track'; readonly input: TrackInput }
  | { readonly kind: 'identify'; readonly input: IdentifyInput };

/**
 * Makes an event of its fields. Whether their values are right is the client's to say; a field it does not know is refused
 * here, because the client would leave it out without a word.
 */
export function toTypedEvent(fields: Readonly<Record<string, unknown>>): TypedEvent | Refusal {
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) {
    return new Refusal(
      'invalid_field',
      `'${printable(unknown, 60)}' is no field of an event: known are ${FIELDS.join(', ')}.`,
    );
  }
  if (fields.event === IDENTIFY_EVENT) return { kind: 'identify', input: fields as IdentifyInput };
  const time = readEventTime(fields.time);
  return time instanceof Refusal ? time : { kind: 'track', input: { ...fields, time } as TrackInput };
}
