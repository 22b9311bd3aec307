import pRetry from 'p-retry';

/** How long an operation that fails for a reason that passes is tried again, in milliseconds. */
export const RETRY_FOR_MS = 10_000;

/**
 * Tries `work` again, at growing intervals, as long as it fails for a reason that passes. The last attempt begins within
 * `retryForMs` and has the time that `work` gives it.
 */
export function retryTransient<Result>(
  work: () => Promise<Result>,
  isTransient: (error: unknown) => boolean,
  retryForMs: number = RETRY_FOR_MS,
): Promise<Result> {
  return pRetry(work, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 10,
    maxTimeout: 500,
    maxRetryTime: Math.max(0, retryForMs),
    randomize: true,
    unref: true,
    shouldRetry: ({ error }) => isTransient(error),
  });
}
