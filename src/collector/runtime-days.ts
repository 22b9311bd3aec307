import type { Experiment } from './experiments/experiment.js';
import { DAY_MS, MAX_DAYS, utcDayOf } from './utc-days.js';

/** UTC days, `YYYY-MM-DD`, both included. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

/**
 * The days of an experiment's whole runtime up to `now`; of more than 366 the last ones.
 *
 * @param firstExposure the start of one that has been running since forever, in milliseconds since the epoch
 */
export function runtimeDays(
  { runs }: Pick<Experiment, 'runs'>,
  firstExposure: number | undefined,
  now: number,
): DayRange {
  const last = Math.min(now, ...runs.slice(-1).map(([, stop]) => stop));
  const started = runs[0]?.[0] ?? now;
  const first = Math.min(Number.isFinite(started) ? started : (firstExposure ?? last), last);
  return { from: utcDayOf(Math.max(first, last - (MAX_DAYS - 1) * DAY_MS)), to: utcDayOf(last) };
}
