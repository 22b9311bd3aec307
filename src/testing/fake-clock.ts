export interface FakeClockOptions {
  /** Where it begins, in milliseconds. @default 0 */
  readonly start?: number | undefined;
}

/** A clock that stands still until it is told otherwise. */
export interface FakeClock {
  /** Milliseconds; may be passed on by itself, as an outbox's `now` or `monotonic`. */
  readonly now: () => number;
  /** @throws {RangeError} for anything but a number from 0: time does not go back */
  advance(ms: number): void;
}

/** Makes a clock for leases, delays and ages in tests. */
export function createFakeClock({ start = 0 }: FakeClockOptions = {}): FakeClock {
  let time = start;
  return {
    now: () => time,
    advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`advance() takes milliseconds from 0; got ${ms}.`);
      time += ms;
    },
  };
}
