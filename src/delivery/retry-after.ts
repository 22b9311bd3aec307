/** No server may silence a client for longer than this, whatever it says. */
export const MAX_RETRY_AFTER_MS = 60_000;

/** Reads one header by its lower-case name. */
export type ReadHeader = (name: string) => string | undefined;

/**
 * How long a server asks to be left alone, in milliseconds from `now`, capped at {@link MAX_RETRY_AFTER_MS}; `undefined`
 * when it does not say or what it says makes no sense.
 *
 * `retry-after-ms` wins over `retry-after`, which holds seconds or an HTTP date (RFC 9110 §10.2.3).
 */
export function retryAfterMs(header: ReadHeader, now: number): number | undefined {
  const precise = parseAmount(header('retry-after-ms'));
  if (precise !== undefined) return cap(precise);
  const text = header('retry-after');
  const seconds = parseAmount(text);
  if (seconds !== undefined) return cap(seconds * 1000);
  // Every form of an HTTP date begins with a weekday. Date.parse alone reads "-5" and "soon 5" as days in 2001, and a time
  // that is long past would mean "come back at once".
  const date = text !== undefined && /^\s*(mon|tue|wed|thu|fri|sat|sun)/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : cap(date - now);
}

function parseAmount(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

function cap(ms: number): number {
  return Math.min(Math.max(0, Math.ceil(ms)), MAX_RETRY_AFTER_MS);
}
