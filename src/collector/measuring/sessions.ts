import type { VisitorNumber } from './identity.js';

/** How far an impression without a session may be from an event of the session it joins. */
const SESSION_REACH_MS = 30 * 60 * 1000;

/** Where the sessions of visitors were seen in time. */
export interface Sessions {
  see(visitor: VisitorNumber, time: number, sid: string): void;
  /** The session seen nearest to `time` within `SESSION_REACH_MS`; asked once all were seen. */
  near(visitor: VisitorNumber, time: number): string | undefined;
}

interface Track {
  readonly sids: Map<number, string>;
  times?: Float64Array;
}

/**
 * Keeps each session's events, not its span: a purchase reported days later carries the sid too, and would stretch the
 * span over everything between.
 */
export function createSessions(): Sessions {
  const tracks = new Map<VisitorNumber, Track>();

  return {
    see(visitor, time, sid) {
      let track = tracks.get(visitor);
      if (track === undefined) {
        track = { sids: new Map() };
        tracks.set(visitor, track);
      }
      const other = track.sids.get(time);
      // Two sessions at one instant: any fixed choice will do, as long as arrival does not make it.
      if (other === undefined || sid < other) track.sids.set(time, sid);
    },
    near(visitor, time) {
      const track = tracks.get(visitor);
      if (track === undefined) return undefined;
      track.times ??= Float64Array.from(track.sids.keys()).sort();
      const { times, sids } = track;
      const after = upperBound(times, time);
      const before = times[after - 1] ?? Number.NEGATIVE_INFINITY;
      const next = times[after] ?? Number.POSITIVE_INFINITY;
      // At equal distance the session that was already under way.
      const nearest = time - before <= next - time ? before : next;
      return Math.abs(time - nearest) <= SESSION_REACH_MS ? sids.get(nearest) : undefined;
    },
  };
}

/** The first index whose value is greater than `value`. */
function upperBound(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
