import { sidTime } from '../../protocol/identity.js';
import { MAX_SESSION_MS } from '../../protocol/limits.js';
import type { VisitorNumber } from './identity.js';
import type { LogEntry } from './measured-log.js';

/** The maximum distance between an impression without a session and the session it joins. */
export const SESSION_REACH_MS: number = 30 * 60 * 1000;
/** The visitor's cookie lasts a year, so an older id contains no real time, as in tests. */
const MAX_SID_AGE_MS = 365 * 24 * 60 * 60 * 1000;

/**
 * Who saw a visitor in a session. A browser's event shows that the session was active at that time. A server's event shows
 * less: a purchase that a webhook reports carries the session of the visit, however long ago that was.
 */
export type Witness = 'browser' | 'server';

type SeenEntry = Pick<LogEntry, 'sid' | 'time' | 'source'>;

/**
 * [A] Who saw the visitor in the session of an entry, if that shows when the session was active: a browser, whatever its clock;
 * or a server, at most six hours after the time in the session's id, if the id contains one.
 */
export function witnessOf({ sid, time, source }: SeenEntry): Witness | undefined {
  if (sid === undefined || source === 'report') return undefined;
  if (source === 'browser') return 'browser';
  const ageMs = time - (sidTime(sid) ?? time);
  return ageMs > MAX_SESSION_MS && ageMs <= MAX_SID_AGE_MS ? undefined : 'server';
}

/** When the sessions of visitors were seen. */
export interface Sessions {
  /** Records an entry's session. */
  see(visitor: VisitorNumber, entry: SeenEntry): void;
  /**
   * The browser activity nearest to `time`, within `SESSION_REACH_MS`: an impression at `time` joins its session. Without browser
   * activity, the nearest server event that is at most six hours after the first event of its session. Call it after all were
   * seen. [A] The devices of one person are one visitor here, so the session may be another device's.
   */
  near(visitor: VisitorNumber, time: number): Sighting | undefined;
}

/** A visitor was seen in a session. */
export interface Sighting {
  readonly time: number;
  readonly sid: string;
  readonly witness: Witness;
}

export function createSessions(): Sessions {
  /** When each session was first seen. */
  const firsts = new Map<VisitorNumber, Map<string, number>>();
  const byBrowser = createSightings(() => true);
  const byServer = createSightings((visitor, { time, sid }) => time - firsts.get(visitor)!.get(sid)! <= MAX_SESSION_MS);
  return {
    see(visitor, entry) {
      const { time, sid } = entry;
      const witness = witnessOf(entry);
      if (sid === undefined || witness === undefined) return;
      const first = firsts.get(visitor) ?? new Map<string, number>();
      firsts.set(visitor, first.set(sid, Math.min(time, first.get(sid) ?? time)));
      (witness === 'browser' ? byBrowser : byServer).add(visitor, { time, sid, witness });
    },
    near: (visitor, time) => byBrowser.near(visitor, time) ?? byServer.near(visitor, time),
  };
}

interface Sightings {
  add(visitor: VisitorNumber, sighting: Sighting): void;
  near(visitor: VisitorNumber, time: number): Sighting | undefined;
}

function createSightings(counts: (visitor: VisitorNumber, sighting: Sighting) => boolean): Sightings {
  const seen = new Map<VisitorNumber, Sighting[]>();
  const sorted = new Map<VisitorNumber, readonly Sighting[]>();

  const inOrder = (visitor: VisitorNumber): readonly Sighting[] => {
    const known = sorted.get(visitor);
    if (known !== undefined) return known;
    const sightings = sortSightings((seen.get(visitor) ?? []).filter((sighting) => counts(visitor, sighting)));
    sorted.set(visitor, sightings);
    return sightings;
  };

  return {
    add(visitor, sighting) {
      const sightings = seen.get(visitor);
      if (sightings === undefined) seen.set(visitor, [sighting]);
      else sightings.push(sighting);
    },
    near(visitor, time) {
      const sightings = inOrder(visitor);
      const after = upperBound(sightings, time);
      // At equal distance, the session that had already begun.
      const [nearest] = [sightings[after - 1], sightings[after]]
        .filter((sighting) => sighting !== undefined)
        .sort((a, b) => Math.abs(time - a.time) - Math.abs(time - b.time));
      return nearest !== undefined && Math.abs(time - nearest.time) <= SESSION_REACH_MS ? nearest : undefined;
    },
  };
}

/**
 * In order of time. Of two sessions at the same instant the one with the greater id, independent of arrival: a browser that was
 * offline sends the last events of an ended session together with the first of the next, and ids are times of the same length.
 */
function sortSightings(sightings: Sighting[]): readonly Sighting[] {
  sightings.sort((a, b) => a.time - b.time || (a.sid > b.sid ? -1 : Number(a.sid < b.sid)));
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
