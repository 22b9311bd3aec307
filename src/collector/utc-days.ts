import { OursError } from '../core/errors.js';

export const DAY_MS: number = 24 * 60 * 60 * 1000;
/** As many as can be asked for at once. */
export const MAX_DAYS = 366;

/**
 * Every UTC day from the first to the last, both included, as `YYYY-MM-DD`.
 *
 * @throws OursError `invalid_option` for what is no date, a last day before the first, and more than 366 days.
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
      `${from} to ${to} are ${count} days, and at most ${MAX_DAYS} can be asked for at once: ask for ${from} to ${latest}, then for the rest.`,
    );
  }
  return Array.from({ length: count }, (_, day) => utcDayOf(first + day * DAY_MS));
}

function startOf(name: string, date: string): number {
  const start = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
  // Some days that no month has, such as the 30th of February, are read as days of the next month.
  if (Number.isNaN(start) || utcDayOf(start) !== date) {
    throw new OursError('invalid_option', `"${name}" is no date: write a day of the calendar as YYYY-MM-DD, in UTC.`);
  }
  return start;
}

/** The UTC day of a time, `YYYY-MM-DD`. */
export function utcDayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
