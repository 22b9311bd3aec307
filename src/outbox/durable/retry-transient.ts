import pRetry from 'p-retry';
import { isTransient } from './store-error.js';

/** How long a failing call is retried, in milliseconds. */
export const RETRY_FOR_MS = 10_000;

export interface RetryOptions {
  /** Whether to retry after an error. @default after a transient one */
  readonly shouldRetry?: ((error: unknown) => boolean) | undefined;
  /** @default 10000 */
  readonly retryForMs?: number | undefined;
}

/** Retries `work` at growing intervals. The last attempt starts within `retryForMs`; `work` limits how long it may take. */
export function retryTransient<Result>(work: () => Promise<Result>, options: RetryOptions = {}): Promise<Result> {
  const { shouldRetry = isTransient, retryForMs = RETRY_FOR_MS } = options;
  return pRetry(work, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 10,
    maxTimeout: 500,
    maxRetryTime: Math.max(0, retryForMs),
    randomize: true,
    unref: true,
    shouldRetry: ({ error }) => shouldRetry(error),
  });
}
