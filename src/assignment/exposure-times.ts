import type { ClockReading } from '../protocol/time.js';
import { createExpiringCache } from './expiring-cache.js';

/*
 * A goal counts only if it happened at or after the exposure, which the service stamps by its own clock. An event tracked right
 * after an assignment must not get an earlier time because this machine's clock is 20 ms slow.
 *
 * The response's Date header says, to a second, when the exposure was recorded. The event gets the latest possible time, which may
 * still be ahead of the service's clock: delivery then holds the event until that time.
 */

/** How far ahead an event's time may be: the resolution of a Date, plus the duration of a request. */
const MAX_AHEAD_MS = 1_500;
/** After this time, any known clock shows a later time. */
const KEEP_MS = 60_000;
const MAX_VISITORS = 50_000;

/** The times of visitors' exposures, by the service's clock. */
export interface ExposureTimes {
  /** Notes that an exposure was recorded before now. */
  note(userId: string): void;
  /** The earliest time, in milliseconds since the epoch, for a new event of the visitor. */
  earliestFor(userId: string): number;
  forget(userId: string): void;
}

export function createExposureTimes(read: () => ClockReading): ExposureTimes {
  const latest = createExpiringCache<number>(MAX_VISITORS, () => read().monotonic);
  return {
    note(userId) {
      const clock = read();
      latest.set(userId, Math.ceil(Math.min(clock.latest, clock.service + MAX_AHEAD_MS)), KEEP_MS);
    },
    earliestFor: (userId) => latest.get(userId) ?? 0,
    forget: (userId) => latest.deleteAll((key) => key === userId),
  };
}
