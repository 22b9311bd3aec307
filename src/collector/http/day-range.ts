import { isOursError } from '../../errors.js';
import { DAY_MS, utcDayOf, utcDays } from '../utc-days.js';

/** UTC days, `YYYY-MM-DD`, both included. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

const DEFAULT_DAYS = 30;

/**
 * Reads `from` and `to` of a query, or says what is wrong with them.
 *
 * Without a `to` it is the day of `now`, without a `from` 30 days up to `to`.
 */
export function readDayRange(query: URLSearchParams, now: number): DayRange | string {
  const to = query.get('to') || utcDayOf(now);
  const end = Date.parse(to);
  const from = query.get('from') || utcDayOf((Number.isNaN(end) ? now : end) - (DEFAULT_DAYS - 1) * DAY_MS);
  try {
    utcDays(from, to);
    return { from, to };
  } catch (error) {
    if (isOursError(error)) return error.message;
    throw error;
  }
}
