import { OursError } from '../../core/errors.js';
import type { Experiment } from '../experiments/experiment.js';
import { DAY_MS } from '../measuring/day.js';

/** The longest range of days that a request may ask for. */
const MAX_DAYS = 366;

/** UTC days, `YYYY-MM-DD`, both included. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

/** The UTC day of a time, `YYYY-MM-DD`. */
export function utcDayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/**
 * Every UTC day from the first to the last, both included, as `YYYY-MM-DD`.
 *
 * @throws OursError `invalid_option` for a date that does not exist, a last day before the first, or more than 366 days.
 */
export function utcDays(from: string, to: string): string[] {
  const [first, last] = [startOf('startDate', from), startOf('endDate', to)];
  if (last < first) {
    throw new OursError(
      'invalid_option',
      `"endDate" is ${to}, before "startDate", which is ${from}: swap the two dates.`,
    );
  }
  const count = (last - first) / DAY_MS + 1;
  if (count > MAX_DAYS) {
    const latest = utcDayOf(first + (MAX_DAYS - 1) * DAY_MS);
    throw new OursError(
      'invalid_option',
      `${from} to ${to} is ${count} days, and the limit is ${MAX_DAYS}: ask for ${from} to ${latest}, then for the rest.`,
    );
  }
  return Array.from({ length: count }, (_, day) => utcDayOf(first + day * DAY_MS));
}

function startOf(name: string, date: string): number {
  const start = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
  // Date.parse reads some days that do not exist, such as February 30, as days of the next month.
  if (Number.isNaN(start) || utcDayOf(start) !== date) {
    throw new OursError('invalid_option', `"${name}" is not a date: write a calendar day as YYYY-MM-DD, in UTC.`);
  }
  return start;
}

/**
 * The days from an experiment's start to its end or `now`, at most the last 366.
 *
 * @param firstExposure the start of an experiment that was configured without one, in milliseconds since the epoch
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
