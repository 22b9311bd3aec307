import { fromBytes, joinBytes, toBytes } from '../protocol/bytes.js';
import type { Entry } from '../protocol/event.js';
import type { ClockReading } from '../protocol/time.js';
import { PATHS } from '../protocol/wire.js';
import type { TransportRequest } from '../transport/request.js';
import { sentTime } from './sent-time.js';

/** The entries of one request. */
export interface Batch {
  readonly kind: Entry['kind'];
  readonly entries: readonly Entry[];
}

/** The exact size of a request without its rows. */
export function frameBytes(token: string): number {
  return toBytes(JSON.stringify({ token, events: [] })).length;
}

/**
 * Divides a claim into batches, in the order in which they must be sent: identifies first, one request per person, then all
 * events in one batch. An event may be sent after later identifies of its person, never before earlier ones.
 */
export function toBatches(entries: readonly Entry[]): Batch[] {
  const batches: Batch[] = groupPeople(entries.filter(({ kind }) => kind === 'identify'));
  const tracks = entries.filter(({ kind }) => kind === 'track');
  if (tracks.length > 0) batches.push({ kind: 'track', entries: tracks });
  return batches;
}

const IDENTIFIERS = ['userId', 'externalId', 'email'] as const;

/** The identifies of one person, with the identifiers they contain. */
interface Person extends Batch {
  readonly entries: Entry[];
  readonly identity: { [Field in (typeof IDENTIFIERS)[number]]?: string | undefined };
}

/** Groups identifies by person. Each may contain other identifiers of the person. */
function groupPeople(identifies: readonly Entry[]): Batch[] {
  const people: Person[] = [];
  const latest = new Map<string, Person>();
  for (const entry of identifies) {
    const given = IDENTIFIERS.filter((field) => entry[field]);
    // With the field: your id '42' and the visitor id '42' may be different people.
    const names = given.map((field) => `${field}:${entry[field]}`);
    const [known, another] = new Set(names.flatMap((name) => latest.get(name) ?? []));
    let person = known;
    // An identify that matches two people, or changes an id, starts a new batch, so that the order is kept.
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

/** Divides a batch into pieces of at most `size` entries, in order. */
export function cut({ kind, entries }: Batch, size: number): Batch[] {
  return Array.from({ length: Math.ceil(entries.length / size) }, (_, at) => ({
    kind,
    entries: entries.slice(at * size, (at + 1) * size),
  }));
}

/** Divides a batch into pieces of at most `rows` entries and `bytes`, with one separator byte each. A larger entry is sent alone. */
export function cutToFit({ kind, entries }: Batch, rows: number, bytes: number): Batch[] {
  const pieces: Batch[] = [];
  let from = 0;
  let size = 0;
  entries.forEach(({ body }, at) => {
    const rowBytes = body.length + 1;
    size += rowBytes;
    if (at === from || (at - from < rows && size <= bytes)) return;
    pieces.push({ kind, entries: entries.slice(from, at) });
    from = at;
    size = rowBytes;
  });
  if (from < entries.length) pieces.push({ kind, entries: entries.slice(from) });
  return pieces;
}

/** The size of the rows of entries, in bytes. */
export function sizeOf(entries: readonly Entry[]): number {
  return entries.reduce((bytes, { body }) => bytes + body.length, 0);
}

/** The request of a batch. Rows are sent as they were serialised at the call; only a wrong time is replaced. */
export function toRequest({ kind, entries }: Batch, token: string, clock: ClockReading): TransportRequest {
  const head = `{"token":${JSON.stringify(token)},`;
  const events = entries.length;
  const traces = entries.filter(({ trace }) => trace).map(({ trace }) => trace!);
  if (kind === 'identify') {
    return { path: PATHS.identify, events, traces, body: toBytes(head + mergePeople(entries).slice(1)) };
  }
  const rows = entries.map((entry) => withTime(entry, sentTime(entry, clock)));
  return { path: PATHS.batch, events, traces, body: joinBytes(`${head}"events":[`, rows, ']}') };
}

function withTime(entry: Entry, time: number): Uint8Array {
  if (time === entry.time) return entry.body;
  const rest = fromBytes(entry.body).slice(`{"time":${entry.time}`.length);
  return toBytes(`{"time":${time}${rest}`);
}

/** Merges identifies of one person: later values win, maps merge. Consent does not merge, because the service replaces it as a whole. */
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
