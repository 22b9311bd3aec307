import { Refusal } from '../core/refusal.js';
import type { IdentifyInput, TrackInput } from '../protocol/event.js';
import { IDENTIFY_EVENT } from '../protocol/wire.js';
import { readEventTime } from './event-time.js';

/** An event that came as text: what it is, and what to call the client with. */
export type TypedEvent =
  | { readonly kind: 'track'; readonly input: TrackInput }
  | { readonly kind: 'identify'; readonly input: IdentifyInput };

/**
 * Makes an event of its fields. Whether they and their values are right is the client's to say. An identify has no time and no
 * id of its own: those of its row are left out.
 */
export function toTypedEvent(fields: Readonly<Record<string, unknown>>): TypedEvent | Refusal {
  if (fields.event === IDENTIFY_EVENT) {
    const { time: _time, distinctId: _distinctId, ...person } = fields;
    return { kind: 'identify', input: person as IdentifyInput };
  }
  const time = readEventTime(fields.time);
  return time instanceof Refusal ? time : { kind: 'track', input: { ...fields, time } as TrackInput };
}
