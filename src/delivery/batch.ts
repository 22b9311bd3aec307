import { fromBytes, joinBytes, toBytes } from '../protocol/bytes.js';
import type { Entry } from '../protocol/event.js';
import type { ClockReading } from '../protocol/time.js';
import { PATHS } from '../protocol/wire.js';
import type { TransportRequest } from '../transport/request.js';
import { sentTime } from './sent-time.js';

/** Entries that travel in one request. */
export interface Batch {
  readonly kind: Entry['kind'];
  readonly entries: readonly Entry[];
}

/** Bytes of a request around its rows: the token and the names. */
export function frameBytes(token: string): number {
  return toBytes(JSON.stringify({ token, events: [] })).length;
}

/**
 * Cuts what was claimed into batches in the order they must be sent: people first, one request a visitor, then all events
 * in one. Events may go after later identifies of their visitor, never before earlier ones.
 */
export function toBatches(entries: readonly Entry[]): Batch[] {
  const batches: Batch[] = groupPeople(entries.filter(({ kind }) => kind === 'identify'));
  const tracks = entries.filter(({ kind }) => kind === 'track');
  if (tracks.length > 0) batches.push({ kind: 'track', entries: tracks });
  return batches;
}

const IDENTIFIERS = ['userId', 'externalId', 'email'] as const;

/** What is said of one person, and by which identifiers so far. */
interface Person extends Batch {
  readonly entries: Entry[];
  readonly identity: { [Field in (typeof IDENTIFIERS)[number]]?: string | undefined };
}

/** Identifies that name the same person, each saying more or less about who that is, become one batch. */
function groupPeople(identifies: readonly Entry[]): Batch[] {
  const people: Person[] = [];
  const latest = new Map<string, Person>();
  for (const entry of identifies) {
    const given = IDENTIFIERS.filter((field) => entry[field]);
    // By field as well: your id '42' and the visitor id '42' need not be the same person.
    const names = given.map((field) => `${field}:${entry[field]}`);
    const [known, another] = new Set(names.flatMap((name) => latest.get(name) ?? []));
    let person = known;
    // Two people, or another id in the same place, must stay apart and in order.
    if (!person || another || given.some((field) => (person!.identity[field] ?? entry[field]) !== entry[field])) {
      person = { kind: 'identify', entries: [], identity: {} };
      people.push(person);
    }
    person.entries.push(entry);
    for (const field of given) person.identity[field] = entry[field];
    for (const name of names) latest.set(name, person);
  }
  return people;
}

/** A batch in pieces of at most `size` entries, in their order. */
export function cut({ kind, entries }: Batch, size: number): Batch[] {
  return Array.from({ length: Math.ceil(entries.length / size) }, (_, at) => ({
    kind,
    entries: entries.slice(at * size, (at + 1) * size),
  }));
}

/** A batch in pieces of at most `rows` entries and `bytes` with one byte more for each; an entry above it goes alone. */
export function cutToFit({ kind, entries }: Batch, rows: number, bytes: number): Batch[] {
  const pieces: Batch[] = [];
  let from = 0;
  let size = 0;
  for (const [at, { body }] of entries.entries()) {
    size += body.length + 1;
    if (at === from || (at - from < rows && size <= bytes)) continue;
    pieces.push({ kind, entries: entries.slice(from, at) });
    from = at;
    size = body.length + 1;
  }
  if (from < entries.length) pieces.push({ kind, entries: entries.slice(from) });
  return pieces;
}

/** Bytes of the entries' rows. */
export function sizeOf(entries: readonly Entry[]): number {
  return entries.reduce((bytes, { body }) => bytes + body.length, 0);
}

/** The request that carries a batch. Rows keep the text they were given at the call; only a wrong time is replaced. */
export function toRequest({ kind, entries }: Batch, token: string, clock: ClockReading): TransportRequest {
  const head = `{"token":${JSON.stringify(token)},`;
  const events = entries.length;
  if (kind === 'identify') return { path: PATHS.identify, events, body: toBytes(head + mergePeople(entries).slice(1)) };
  const rows = entries.map((entry) => withTime(entry, sentTime(entry, clock)));
  return { path: PATHS.batch, events, body: joinBytes(`${head}"events":[`, rows, ']}') };
}

function withTime(entry: Entry, time: number): Uint8Array {
  if (time === entry.time) return entry.body;
  const rest = fromBytes(entry.body).slice(`{"time":${entry.time}`.length);
  return toBytes(`{"time":${time}${rest}`);
}

/** Several identifies of one visitor as one: later values win, maps merge. Consent does not: the service replaces it as a whole. */
function mergePeople(entries: readonly Entry[]): string {
  const [only, ...others] = entries.map(({ body }) => fromBytes(body));
  if (others.length === 0) return only!;
  return JSON.stringify([only!, ...others].map((text) => JSON.parse(text)).reduce(mergeMaps));
}

function mergeMaps(earlier: Record<string, unknown>, later: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...earlier };
  for (const [name, value] of Object.entries(later)) {
    const before = merged[name];
    merged[name] = name !== 'consent' && isMap(before) && isMap(value) ? mergeMaps(before, value) : value;
  }
  return merged;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return value instanceof Object;
}
