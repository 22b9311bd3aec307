import type { ClockReading } from '../protocol/time.js';
import { createExpiringCache } from './expiring-cache.js';

/*
 * A goal counts only if it happened at or after the exposure, and the service stamps the exposure by its own clock. An event
 * tracked right after an assignment must not be stamped earlier because this machine's clock is 20 ms slow.
 *
 * The answer says by its Date, to a second, when the exposure was recorded. The event gets the latest time that this can have
 * been, which may still be ahead of the service's clock: delivery holds the event until it is not.
 */

/** How far ahead an event may be put: the second that a Date leaves open, and the way of a request. */
const MAX_AHEAD_MS = 1_500;
/** By then every clock that is known at all shows a later time. */
const KEEP_MS = 60_000;
const MAX_VISITORS = 50_000;

/** When visitors were exposed, by the service's clock. */
export interface ExposureTimes {
  /** Notes that an exposure was recorded before now. */
  note(userId: string): void;
  /** The earliest time, in milliseconds since the epoch, of an event that the visitor causes from now on. */
  earliestFor(userId: string): number;
}

export function createExposureTimes(read: () => ClockReading): ExposureTimes {
  const latest = createExpiringCache<number>(MAX_VISITORS, () => read().monotonic);
  return {
    note(userId) {
      const clock = read();
      latest.set(userId, Math.ceil(Math.min(clock.latest, clock.service + MAX_AHEAD_MS)), KEEP_MS);
    },
    earliestFor: (userId) => latest.get(userId) ?? 0,
  };
}
