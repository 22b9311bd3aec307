import { MAX_TIMER_MS, onAbort } from '../core/timers.js';

/** Limits of a wait. */
export interface WaitOptions {
  /** The longest wait, in milliseconds. @default no limit */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves when `subscribe` calls `wake`. Rejects with the signal's reason or, after the timeout, with a `TimeoutError` that
 * begins with `complaint`; it then calls the function `subscribe` returned. The timer keeps the process alive, because a caller
 * waits.
 */
export function waitFor(
  subscribe: (wake: () => void) => () => void,
  options: WaitOptions | undefined,
  complaint: string,
): Promise<void> {
  const { signal, timeoutMs } = options ?? {};
  return new Promise((resolve, reject) => {
    const unsubscribe = subscribe(() => {
      leave();
      resolve();
    });
    const giveUp = (reason: unknown): void => {
      leave();
      unsubscribe();
      reject(reason);
    };
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(
            () => giveUp(new DOMException(`${complaint} within ${timeoutMs} ms; delivery goes on.`, 'TimeoutError')),
            Math.min(timeoutMs, MAX_TIMER_MS),
          );
    const leave = (): void => {
      clearTimeout(timer);
      forget();
    };
    const forget = onAbort(signal, () => giveUp(signal?.reason));
  });
}
