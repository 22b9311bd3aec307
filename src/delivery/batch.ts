import { fromBytes, joinBytes, toBytes } from '../protocol/bytes.js';
import type { Entry } from '../protocol/event.js';
import type { ClockReading } from '../protocol/time.js';
import { PATHS, type WireIdentity } from '../protocol/wire.js';
import type { TransportRequest } from './transport.js';

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
  const tracks = entries.filter((entry) => entry.kind === 'track');
  const people = tracks.length === entries.length ? [] : groupPeople(entries);
  return tracks.length === 0 ? people : [...people, { kind: 'track', entries: tracks }];
}

interface Person {
  readonly identity: WireIdentity;
  readonly entries: Entry[];
}

/** Identifies that name the same person, each saying more or less about who that is, become one batch. */
function groupPeople(entries: readonly Entry[]): Batch[] {
  const people: Person[] = [];
  const latest = new Map<string, Person>();
  for (const entry of entries) {
    if (entry.kind !== 'identify') continue;
    const { userId, externalId, email } = entry;
    const identity = { ...(userId && { userId }), ...(externalId && { externalId }), ...(email && { email }) };
    // By field as well: your id '42' and the visitor id '42' need not be the same person.
    const names = Object.entries(identity).map(([field, identifier]) => `${field}:${identifier}`);
    const known = new Set(names.map((name) => latest.get(name)).filter((one) => one !== undefined));
    const [candidate] = known;
    // Two people, or another id in the same place, must stay apart and in order.
    const isSame = known.size === 1 && !contradicts(candidate!.identity, identity);
    const person = isSame ? candidate! : { identity, entries: [] };
    if (!isSame) people.push(person);
    Object.assign(person.identity, identity);
    person.entries.push(entry);
    for (const name of names) latest.set(name, person);
  }
  return people.map((person) => ({ kind: 'identify', entries: person.entries }));
}

function contradicts(one: WireIdentity, other: WireIdentity): boolean {
  return (['userId', 'externalId', 'email'] as const).some(
    (field) => one[field] !== undefined && other[field] !== undefined && one[field] !== other[field],
  );
}

/** Two halves of a batch with more than one entry. */
export function halve(batch: Batch): [Batch, Batch] {
  const middle = Math.ceil(batch.entries.length / 2);
  return [
    { kind: batch.kind, entries: batch.entries.slice(0, middle) },
    { kind: batch.kind, entries: batch.entries.slice(middle) },
  ];
}

/** The request that carries a batch. Rows keep the text they were given at the call; only a fast clock's time is mended. */
export function toRequest(batch: Batch, token: string, clock: ClockReading): TransportRequest {
  const head = `{"token":${JSON.stringify(token)},`;
  if (batch.kind === 'identify')
    return { path: PATHS.identify, body: toBytes(head + mergePeople(batch.entries).slice(1)) };
  const rows = batch.entries.map((entry) => (entry.time <= clock.service ? entry.body : mendTime(entry, clock)));
  return { path: PATHS.batch, body: joinBytes(`${head}"events":[`, rows, ']}') };
}

/**
 * The time a row is sent with. An event that lies in the service's future was stamped by this machine's fast clock before
 * the service's was known: it is shifted by as much as the clock is fast.
 */
export function sentTime(entry: Entry, { local, service }: ClockReading): number {
  return entry.time <= service ? entry.time : entry.time + Math.min(0, service - local);
}

function mendTime(entry: Entry, clock: ClockReading): Uint8Array {
  const rest = fromBytes(entry.body).slice(`{"time":${entry.time}`.length);
  return toBytes(`{"time":${sentTime(entry, clock)}${rest}`);
}

/** Several identifies of one visitor as one: later values win, maps merge. */
function mergePeople(entries: readonly Entry[]): string {
  const [only, ...others] = entries.map((entry) => fromBytes(entry.body));
  if (others.length === 0) return only!;
  return JSON.stringify([only!, ...others].map((text) => JSON.parse(text)).reduce(mergeMaps));
}

function mergeMaps(earlier: Record<string, unknown>, later: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...earlier };
  for (const [name, value] of Object.entries(later)) {
    const before = merged[name];
    merged[name] = isMap(before) && isMap(value) ? mergeMaps(before, value) : value;
  }
  return merged;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
