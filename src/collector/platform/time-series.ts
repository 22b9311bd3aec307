import { isOursError } from '../../core/errors.js';
import type { DayRange, runtimeDays } from '../runtime-days.js';
import { utcDays } from '../utc-days.js';

/** Reads `startDate` and `endDate` of a query, or says what is wrong with them. Each defaults to its end of the runtime. */
export function readDayRange(query: URLSearchParams, runtime: ReturnType<typeof runtimeDays>): DayRange | string {
  const startDate = query.get('startDate');
  const endDate = query.get('endDate');
  // A range that begins or ends outside the runtime is asked for on purpose, and holds the day that was named.
  const from = startDate || earlier(runtime.from, endDate || runtime.to);
  const to = endDate || later(runtime.to, from);
  try {
    utcDays(from, to);
    return { from, to };
  } catch (error) {
    if (isOursError(error)) return error.message;
    throw error;
  }
}

// Dates of this form sort as text.
const earlier = (one: string, other: string): string => (one < other ? one : other);
const later = (one: string, other: string): string => (one > other ? one : other);
