/** No server may silence a client for longer than this, whatever it says. */
export const MAX_RETRY_AFTER_MS = 60_000;

/** Reads one header by its lower-case name. */
export type ReadHeader = (name: string) => string | undefined;

/**
 * How long a server asks to be left alone, in milliseconds, capped at {@link MAX_RETRY_AFTER_MS}; `undefined` when it does
 * not say or what it says makes no sense.
 *
 * `retry-after-ms` wins over `retry-after`, which holds seconds or an HTTP date (RFC 9110 §10.2.3). A date is measured from
 * the answer's own `Date`: both are by the clock of the server that answered, however wrong that is. `now`, in milliseconds
 * since the epoch, stands in for a missing one.
 */
export function retryAfterMs(header: ReadHeader, now: number): number | undefined {
  const text = header('retry-after') ?? '';
  const ms = [
    toAmount(header('retry-after-ms') ?? ''),
    toAmount(text) * 1000,
    // Every form of an HTTP date begins with a weekday. Date.parse alone reads "-5" and "soon 5" as days in 2001, and a
    // time that is long past would mean "come back at once".
    /^\s*(mon|tue|wed|thu|fri|sat|sun)/i.test(text)
      ? Date.parse(text) - (Date.parse(header('date') ?? '') || now)
      : Number.NaN,
  ].find((reading) => !Number.isNaN(reading));
  return ms === undefined ? undefined : Math.min(Math.max(0, Math.ceil(ms)), MAX_RETRY_AFTER_MS);
}

function toAmount(text: string): number {
  return /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : Number.NaN;
}
