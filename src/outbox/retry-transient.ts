import pRetry from 'p-retry';

/** How long something is tried again that fails for a reason that passes. */
export const RETRY_FOR_MS = 10_000;

/** Does `work` again, at growing intervals, for as long as it fails for a reason that passes. */
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
