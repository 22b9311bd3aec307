import { z } from 'zod';
import { Refusal } from '../core/refusal.js';
import type { IdentifyInput, TrackInput } from '../protocol/event.js';
import { IDENTIFY_EVENT } from '../protocol/wire.js';

/** The fields of an event that hold one value. */
const VALUES = ['event', 'userId', 'externalId', 'email', 'sessionId', 'time', 'distinctId'];
/** The fields that hold names and values. */
const MAPS = ['eventProperties', 'userProperties', 'defaultProperties', 'identityContext'];
/** Properties that hold names and values themselves. */
const INNER_MAPS = ['userProperties.custom_properties', 'userProperties.consent'];

/** The fields of `track`. */
export const FIELDS: readonly string[] = [...VALUES, ...MAPS];

/** The path of a value in an event: a field, or a name within it. */
export type FieldPath = readonly string[];

/**
 * Reads the name of a column: `userId`, `eventProperties.value`, `userProperties.custom_properties.plan`. Only a dot that
 * follows a map separates: `eventProperties.a.b` is the property `a.b`. Returns `undefined` for an unknown name.
 *
 * @throws {Error} for the name `__proto__`: the client leaves out such a property, because JavaScript takes it for something else
 */
export function toFieldPath(name: string): FieldPath | undefined {
  if (VALUES.includes(name)) return [name];
  const inner = INNER_MAPS.find((map) => name.startsWith(`${map}.`));
  const map = inner ?? MAPS.find((one) => name.startsWith(`${one}.`));
  const property = map === undefined ? '' : name.slice(map.length + 1);
  if (map === undefined || property === '' || INNER_MAPS.includes(name)) return undefined;
  if (property === '__proto__') throw new Error(`${map} cannot have the name __proto__: choose another one.`);
  return [...map.split('.'), property];
}

/** Sets the value at a path. */
export function setField(fields: Record<string, unknown>, path: FieldPath, value: string): void {
  let map = fields;
  for (const name of path.slice(0, -1)) {
    map[name] ??= {};
    map = map[name] as Record<string, unknown>;
  }
  map[path[path.length - 1]!] = value;
}

/** An event that was read from text: its kind, and the input for the client. */
export type TypedEvent =
  | { readonly kind: 'track'; readonly input: TrackInput }
  | { readonly kind: 'identify'; readonly input: IdentifyInput };

/**
 * Makes an event from its fields. The client validates them. An identify has no time and no distinctId, so these fields are
 * dropped.
 */
export function toTypedEvent(fields: Readonly<Record<string, unknown>>): TypedEvent | Refusal {
  if (fields.event === IDENTIFY_EVENT) {
    const { time: _time, distinctId: _distinctId, ...person } = fields;
    return { kind: 'identify', input: person as IdentifyInput };
  }
  const time = readEventTime(fields.time);
  return time instanceof Refusal ? time : { kind: 'track', input: { ...fields, time } as TrackInput };
}

const zoned = z.iso.datetime({ offset: true });

/**
 * Reads a time from a file or the command line: digits are milliseconds since the epoch, other strings must be ISO 8601 with
 * a zone, because without one the result would depend on this machine. The client validates values that are not strings.
 */
function readEventTime(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (/^\d{1,16}$/.test(value)) return Number(value);
  if (zoned.safeParse(value).success) return new Date(value);
  return new Refusal(
    'invalid_time',
    'time must be milliseconds since the epoch, or ISO 8601 with its zone, such as 2026-03-01T09:30:00Z.',
  );
}
