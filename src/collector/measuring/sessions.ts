import type { VisitorNumber } from './identity.js';

/** How far an impression without a session may be from an event of the session it joins. */
const SESSION_REACH_MS = 30 * 60 * 1000;

/** Where the sessions of visitors were seen in time. */
export interface Sessions {
  see(visitor: VisitorNumber, time: number, sid: string): void;
  /** The session seen nearest to `time` within `SESSION_REACH_MS`; asked once all were seen. */
  near(visitor: VisitorNumber, time: number): string | undefined;
}

interface Sighting {
  readonly time: number;
  readonly sid: string;
}

/**
 * Keeps each session's events, not its span: a purchase reported days later carries the sid too, and would stretch the
 * span over everything between.
 */
export function createSessions(): Sessions {
  const seen = new Map<VisitorNumber, Sighting[]>();
  const sorted = new Map<VisitorNumber, readonly Sighting[]>();

  const inOrder = (visitor: VisitorNumber): readonly Sighting[] => {
    const known = sorted.get(visitor);
    if (known !== undefined) return known;
    const sightings = sortSightings(seen.get(visitor) ?? []);
    sorted.set(visitor, sightings);
    return sightings;
  };

  return {
    see(visitor, time, sid) {
      const sightings = seen.get(visitor);
      if (sightings === undefined) seen.set(visitor, [{ time, sid }]);
      else sightings.push({ time, sid });
    },
    near(visitor, time) {
      const sightings = inOrder(visitor);
      const after = upperBound(sightings, time);
      // At equal distance the session that was already under way.
      const [nearest] = [sightings[after - 1], sightings[after]]
        .filter((sighting) => sighting !== undefined)
        .sort((a, b) => Math.abs(time - a.time) - Math.abs(time - b.time));
      return nearest !== undefined && Math.abs(time - nearest.time) <= SESSION_REACH_MS ? nearest.sid : undefined;
    },
  };
}

/** In order of time. Of two sessions at one instant any fixed one will do, as long as arrival does not choose it. */
function sortSightings(sightings: Sighting[]): readonly Sighting[] {
  sightings.sort((a, b) => a.time - b.time || (a.sid < b.sid ? -1 : Number(a.sid > b.sid)));
  return sightings.filter(({ time }, i) => i === 0 || sightings[i - 1]!.time !== time);
}

/** The first index whose sighting is later than `time`. */
function upperBound(sightings: readonly Sighting[], time: number): number {
  let low = 0;
  let high = sightings.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sightings[middle]!.time <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}
