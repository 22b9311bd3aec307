const SWEEP_EVERY_MS = 60_000;

/**
 * Deletes expired keys at most once a minute, so that a store does not grow. No caller waits for it; after a failure the next sweep
 * tries again.
 */
export function createSweep(deleteExpired: () => Promise<unknown>): () => void {
  let sweepAt = 0;
  return () => {
    if (performance.now() < sweepAt) return;
    sweepAt = performance.now() + SWEEP_EVERY_MS;
    deleteExpired().catch(() => undefined);
  };
}
