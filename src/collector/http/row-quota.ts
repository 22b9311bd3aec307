/** Rows that pages of other origins may send at once, and how many are added each second. */
const BURST_ROWS = 1_000;
const ROWS_PER_SECOND = 50;

/** The minimum time between reports of refused rows. */
const REMINDER_MS = 60_000;

/** A refusal of rows. */
export interface OverQuota {
  readonly retryAfterSeconds: number;
  /** Whether no refusal was reported within the last minute. */
  readonly isNews: boolean;
}

/** The rows that pages of other origins may still send, together. */
export interface RowQuota {
  /** Takes rows from the quota, or returns the refusal. A request larger than the quota needs a full quota. */
  take(rows: number): OverQuota | undefined;
}

/**
 * Limits the rows from other web sites. Any site that a developer visits can post to a collector on their machine, with any
 * token, and must not fill the log or keep the collector busy. A developer's own site stays far below the limit.
 *
 * @param clock milliseconds; nothing is added while it runs backwards
 */
export function createRowQuota(clock: () => number): RowQuota {
  let left = BURST_ROWS;
  let countedAt = clock();
  let reportedAt = Number.NEGATIVE_INFINITY;
  return {
    take(rows) {
      const now = clock();
      left = Math.min(BURST_ROWS, left + (Math.max(0, now - countedAt) / 1000) * ROWS_PER_SECOND);
      countedAt = now;
      const needed = Math.min(rows, BURST_ROWS);
      if (needed <= left) {
        left -= needed;
        return undefined;
      }
      const isNews = now - reportedAt >= REMINDER_MS;
      if (isNews) reportedAt = now;
      return { retryAfterSeconds: Math.ceil((needed - left) / ROWS_PER_SECOND), isNews };
    },
  };
}
