const SWEEP_EVERY_MS = 60_000;

/**
 * Deletes what has expired, at most once a minute, so that a store does not grow. Nobody waits for it, and a failure is left to
 * the next time.
 */
export function createSweep(deleteExpired: () => Promise<unknown>): () => void {
  let sweepAt = 0;
  return () => {
    if (performance.now() < sweepAt) return;
    sweepAt = performance.now() + SWEEP_EVERY_MS;
    deleteExpired().catch(() => undefined);
  };
}
