export interface FakeClockOptions {
  /** The initial time in milliseconds. @default 0 */
  readonly start?: number | undefined;
}

/** A clock that moves only when `advance` is called. */
export interface FakeClock {
  /** The current time in milliseconds. Can be passed as an outbox's `now` or `monotonic`. */
  readonly now: () => number;
  /** @throws {RangeError} if `ms` is negative or not a number */
  advance(ms: number): void;
}

/** Creates a clock for leases, delays and ages in tests. */
export function createFakeClock({ start = 0 }: FakeClockOptions = {}): FakeClock {
  let time = start;
  return {
    now: () => time,
    advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`advance() takes a number of milliseconds, 0 or more; got ${ms}.`);
      time += ms;
    },
  };
}
