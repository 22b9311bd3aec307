import type { ClockReading } from '../protocol/time.js';

/** HTTP dates have whole seconds: a difference below this is no difference. */
const RESOLUTION_MS = 2_000;

/**
 * This machine's clock beside the service's, whose distance is learned from the `Date` header of its answers. A fast
 * local clock would otherwise stamp events into the service's future, where they are refused.
 */
export interface SkewedClock {
  /** How far the service's clock is ahead of this machine's; 0 until learned and while too small to tell. */
  readonly skewMs: number;
  read(): ClockReading;
  /** Learns from one answer: it was made somewhere between sending and receiving. */
  learn(date: string | undefined, sentAt: number, receivedAt: number): void;
}

export function createSkewedClock(now: () => number): SkewedClock {
  let skewMs = 0;
  return {
    get skewMs() {
      return skewMs;
    },

    read() {
      const local = now();
      return { local, service: local + skewMs };
    },

    learn(date, sentAt, receivedAt) {
      const skew = Date.parse(date ?? '') + 500 - (sentAt + receivedAt) / 2;
      const uncertainty = RESOLUTION_MS + (receivedAt - sentAt) / 2;
      // Keep what was learned until it is clearly wrong: an event's corrected time must not wander between retries. An
      // answer without a date is never clearly anything.
      if (Math.abs(skew - skewMs) >= uncertainty) skewMs = Math.abs(skew) < uncertainty ? 0 : Math.round(skew);
    },
  };
}
