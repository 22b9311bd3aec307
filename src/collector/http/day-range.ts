/** UTC days, `YYYY-MM-DD`, both included. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const MAX_DAYS = 366;
const DEFAULT_DAYS = 30;

/**
 * Reads `from` and `to` of a query, or says what is wrong with them.
 *
 * Without a `to` it is the day of `now`, without a `from` 30 days up to `to`.
 */
export function readDayRange(query: URLSearchParams, now: number): DayRange | string {
  const to = query.get('to') || dayOf(now);
  if (!isDay(to)) return 'to: expected a day such as 2026-01-31';
  const from = query.get('from') || dayOf(Date.parse(to) - (DEFAULT_DAYS - 1) * DAY_MS);
  if (!isDay(from)) return 'from: expected a day such as 2026-01-01';
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
  if (days < 1) return 'from: expected a day that is not after to';
  return days > MAX_DAYS ? `from: expected at most ${MAX_DAYS} days up to to; got ${days}` : { from, to };
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** Asked for the way back, because `Date` takes the 30th of February for the 2nd of March. */
function isDay(text: string): boolean {
  const time = Date.parse(text);
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(time) && dayOf(time) === text;
}
