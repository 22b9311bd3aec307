import type { Entry } from '../../protocol/event.js';
import { DecodedClaim } from '../durable/decoded-claim.js';
import type { EntryCodec } from '../durable/entry-codec.js';
import { fromStoredId } from '../durable/stored-id.js';
import type { ClaimOptions } from '../outbox.js';
import type { Place, Statements } from './statements.js';

/** Maximum difference between the clocks of two processes of one machine: some runtimes report whole seconds. */
const CLOCK_TOLERANCE_MS = 5_000;

/**
 * The places that a claim of this size may look at next, in order. Writes: moves the cursor past them, and expires leases and
 * delays.
 */
export function advanceCursor(
  statements: Statements,
  now: number,
  { maxEntries, maxBytes }: ClaimOptions,
): readonly Place[] {
  const { cursor, clock } = statements.totals.all()[0]!;
  if (now >= clock - CLOCK_TOLERANCE_MS) {
    statements.expireHolds.run(now);
  } else {
    // The machine was restarted, or this is another machine: no process that holds a claim is still alive.
    statements.expireAllHolds.run();
    statements.advanceCursor.run(0, now);
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
  // Entries that were claimed before come before the fresh ones.
  if (places.length === ready.length && places.length < maxEntries) {
    take(statements.fresh.all(cursor, maxEntries - places.length));
  }
  const last = places.at(-1);
  if (last !== undefined) statements.advanceCursor.run(last.position, now);
  return places;
}

/** A place and its entry's id. */
export interface NamedPlace extends Place {
  readonly distinctId: string;
}

/** A place and the token of the claim that holds it. */
export interface Hold extends NamedPlace {
  readonly token: string;
}

export interface HoldOptions {
  readonly statements: Statements;
  readonly codec: EntryCodec;
  readonly before: DecodedClaim<Hold> | undefined;
  readonly token: string;
  /** When the lease expires. */
  readonly until: number;
}

/** Decodes the entries at the places and leases them to the token, except those that must wait for an identify. */
export function holdPlaces(options: HoldOptions, places: readonly Place[]): DecodedClaim<Hold> {
  const { statements, codec, before, token, until } = options;
  const decoded = new DecodedClaim<Hold>(codec, before);
  for (const { position, bytes, distinct_id, record } of statements.records.all(toJson(places))) {
    const distinctId = fromStoredId(distinct_id);
    decoded.add(distinctId, record, { position, bytes, distinctId, token });
  }
  keepOrder(statements, codec, decoded.entries);
  const held = [...decoded.entries.values(), ...decoded.kept, ...decoded.damaged];
  statements.hold.run(until, token, null, toJson(held));
  return decoded;
}

/**
 * Removes the entries from a claim that would overtake an identify of the same person, and puts each behind the last identify
 * outside the claim that it must wait for. Claims do not see it there until that identify is settled, so a crowd behind a slow
 * identify is read once. What is behind the same identify can be claimed together afterwards, identifies included.
 */
function keepOrder(statements: Statements, codec: EntryCodec, entries: Map<Entry, Place>): void {
  const { hasIdentifies, lastIdentifyBefore, hold } = statements;
  if (hasIdentifies.all().length === 0) return;
  const claimed = new Set<number>();
  /** Positions of this claim → the identify that they are put behind. */
  const waiting = new Map<number, number>();
  const crowds = new Map<number, Place[]>();
  for (const [entry, place] of entries) {
    let last = 0;
    for (const person of codec.people(entry)) {
      // This one waits for the one before itself, so if it is in this claim, all earlier ones are too.
      const [before] = lastIdentifyBefore.all(person, place.position);
      if (before === undefined || claimed.has(before.position)) continue;
      last = Math.max(last, waiting.get(before.position) ?? before.position);
    }
    if (last === 0) {
      claimed.add(place.position);
      continue;
    }
    entries.delete(entry);
    waiting.set(place.position, last);
    const crowd = crowds.get(last);
    if (crowd === undefined) crowds.set(last, [place]);
    else crowd.push(place);
  }
  for (const [identify, crowd] of crowds) hold.run(null, null, identify, toJson(crowd));
}

/** The positions as one JSON parameter. */
export function toJson(places: readonly Pick<Place, 'position'>[]): string {
  return JSON.stringify(places.map(({ position }) => position));
}
