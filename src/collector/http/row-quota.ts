/** Rows that pages of other origins may bring at once, and how many are added each second. */
const BURST_ROWS = 1_000;
const ROWS_PER_SECOND = 50;

/** How often it is worth saying that rows were refused. */
const REMINDER_MS = 60_000;

/** Why rows are refused for now. */
export interface OverQuota {
  readonly retryAfterSeconds: number;
  /** Whether this was not said within the last minute. */
  readonly isNews: boolean;
}

/** How many rows may still be taken; shared by all pages of other origins. */
export interface RowQuota {
  /** Takes that many, unless they are too many for now. More than can ever be taken at once waits for a full quota. */
  take(rows: number): OverQuota | undefined;
}

/**
 * Limits what other web sites bring. Any site that a developer looks at can post to a collector on their machine, with any token: it
 * must not fill the memory or keep the collector busy. People who try out their own site stay far below it.
 *
 * @param clock milliseconds; while it is set back, nothing is added
 */
export function createRowQuota(clock: () => number): RowQuota {
  let left = BURST_ROWS;
  let countedAt = clock();
  let saidAt = Number.NEGATIVE_INFINITY;
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
      const isNews = now - saidAt >= REMINDER_MS;
      if (isNews) saidAt = now;
      return { retryAfterSeconds: Math.ceil((needed - left) / ROWS_PER_SECOND), isNews };
    },
  };
}
