import type { ClockReading } from '../protocol/time.js';

/** HTTP dates have whole seconds: a difference below this is no difference. */
const RESOLUTION_MS = 2_000;

/**
 * This machine's clock beside the service's, whose distance is learned from the `Date` header of its answers. A fast
 * local clock would otherwise stamp events into the service's future, where they are refused.
 */
export class SkewedClock {
  readonly #now: () => number;
  #skewMs = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How far the service's clock is ahead of this machine's; 0 until learned and while too small to tell. */
  get skewMs(): number {
    return this.#skewMs;
  }

  read(): ClockReading {
    const local = this.#now();
    return { local, service: local + this.#skewMs };
  }

  /** Learns from one answer: it was made somewhere between sending and receiving. */
  learn(date: string | undefined, sentAt: number, receivedAt: number): void {
    const service = date === undefined ? Number.NaN : Date.parse(date);
    if (Number.isNaN(service)) return;
    const skew = service + 500 - (sentAt + receivedAt) / 2;
    const uncertainty = RESOLUTION_MS + (receivedAt - sentAt) / 2;
    // Keep what was learned until it is clearly wrong: an event's corrected time must not wander between retries.
    if (Math.abs(skew - this.#skewMs) < uncertainty) return;
    this.#skewMs = Math.abs(skew) < uncertainty ? 0 : Math.round(skew);
  }
}
