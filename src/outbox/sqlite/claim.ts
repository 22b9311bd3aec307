import type { Entry } from '../../protocol/event.js';
import { DecodedClaim } from '../durable/decoded-claim.js';
import type { EntryCodec } from '../durable/entry-codec.js';
import { fromStoredId } from '../durable/stored-id.js';
import type { ClaimOptions } from '../outbox.js';
import type { Place, Statements } from './statements.js';

/** How far apart the clocks of two processes of one machine may be: some runtimes tell the time in seconds. */
const CLOCK_TOLERANCE_MS = 5_000;

/** The places that a claim of this size may look at next, in order. Writes: leases and delays that are over end here. */
export function draw(statements: Statements, now: number, { maxEntries, maxBytes }: ClaimOptions): readonly Place[] {
  const { cursor, clock } = statements.totals.all()[0]!;
  if (now >= clock - CLOCK_TOLERANCE_MS) {
    statements.lapse.run(now);
  } else {
    // The machine was started again, or this is another one: no process lives that has claimed anything.
    statements.lapseAll.run();
    statements.advance.run(0, now);
  }
  const places: Place[] = [];
  let bytes = 0;
  const take = (candidates: readonly Place[]): void => {
    for (const place of candidates) {
      bytes += place.bytes + 1;
      if (bytes > maxBytes && places.length > 0) return;
      places.push(place);
    }
  };
  const ready = statements.ready.all(maxEntries);
  take(ready);
  // In the usual order: what was drawn before lies in front of what is fresh.
  if (places.length === ready.length && places.length < maxEntries) {
    take(statements.fresh.all(cursor, maxEntries - places.length));
  }
  return places;
}

/** A place, and whose it is. */
export interface NamedPlace extends Place {
  readonly distinctId: string;
}

/** What lies in places. @param before what the same claim has read before */
export function readPlaces(
  { records: find }: Statements,
  records: EntryCodec,
  places: readonly Place[],
  before: DecodedClaim<NamedPlace> | undefined,
): DecodedClaim<NamedPlace> {
  const reading = new DecodedClaim<NamedPlace>(records, before);
  for (const { position, bytes, distinct_id, record } of find.all(toJson(places))) {
    const distinctId = fromStoredId(distinct_id);
    reading.add(distinctId, record, { position, bytes, distinctId });
  }
  return reading;
}

/**
 * Takes the entries out of a claim that would overtake an identify of the same person, and puts each behind the last one it has
 * to wait for. There it stays out of sight of every claim until that is settled: a crowd behind a slow identify is read once.
 */
export function keepOrder(statements: Statements, records: EntryCodec, entries: Map<Entry, Place>): void {
  const { hasIdentifies, identifiesBefore, hold } = statements;
  if (hasIdentifies.all().length === 0) return;
  const claimed = new Set<number>();
  const crowds = new Map<number, Place[]>();
  for (const [entry, place] of entries) {
    let last = 0;
    for (const person of records.people(entry)) {
      for (const { position } of identifiesBefore.all(person, place.position)) {
        if (!claimed.has(position)) last = Math.max(last, position);
      }
    }
    if (last === 0) {
      claimed.add(place.position);
      continue;
    }
    entries.delete(entry);
    const crowd = crowds.get(last);
    if (crowd === undefined) crowds.set(last, [place]);
    else crowd.push(place);
  }
  for (const [identify, crowd] of crowds) hold.run(null, null, identify, toJson(crowd));
}

/** The positions as one parameter. */
export function toJson(places: readonly Place[]): string {
  return JSON.stringify(places.map(({ position }) => position));
}
