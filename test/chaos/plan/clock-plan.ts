import type { Random } from '../random.js';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A change of the wall clock. */
export interface ClockStep {
  /** Milliseconds since the run began. */
  readonly at: number;
  readonly byMs: number;
}

/** How wrong a machine's wall clock is. */
export interface ClockPlan {
  readonly skewMs: number;
  /** Milliseconds the clock gains per second. */
  readonly driftMs: number;
  readonly steps: readonly ClockStep[];
}

export const HONEST_CLOCK: ClockPlan = { skewMs: 0, driftMs: 0, steps: [] };

export const isHonest = ({ skewMs, driftMs, steps }: ClockPlan): boolean =>
  skewMs === 0 && driftMs === 0 && steps.length === 0;

/**
 * At most six days slow: an event stamped by a clock that is a week slow looks exactly like one that is too old.
 */
const SKEWS_MS: readonly number[] = [
  1_100,
  1_700,
  2_200,
  10 * SECOND_MS,
  600 * SECOND_MS,
  3 * HOUR_MS,
  8 * DAY_MS,
  -1_500,
  -10 * SECOND_MS,
  -600 * SECOND_MS,
  -3 * HOUR_MS,
  -6 * DAY_MS,
];

export function planClock(random: Random, faultMs: number): ClockPlan {
  const kind = random.pick(['honest', 'honest', 'skewed', 'stepped', 'drifting'] as const);
  switch (kind) {
    case 'honest':
      return HONEST_CLOCK;
    case 'skewed':
      return { ...HONEST_CLOCK, skewMs: random.pick(SKEWS_MS) };
    case 'drifting':
      return { ...HONEST_CLOCK, driftMs: random.pick([-20, -1, 1, 20]) };
    case 'stepped': {
      const steps: ClockStep[] = [];
      for (let at = random.between(2_000, 10_000); at < faultMs; at += random.between(4_000, 30_000)) {
        const byMs = random.pick(SKEWS_MS);
        const backAt = at + random.between(200, 6_000);
        steps.push({ at, byMs }, { at: backAt, byMs: -byMs });
        at = backAt;
      }
      return { ...HONEST_CLOCK, steps };
    }
  }
}
