import { MAX_TIMER_MS, onAbort } from '../core/timers.js';

/** What a wait may be given. */
export interface WaitOptions {
  /** The most to wait, in milliseconds. @default as long as it takes */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves when `subscribe`'s callback is called. Rejects with the signal's reason or, after the timeout, with a `TimeoutError`;
 * what `subscribe` has returned is called then. `complaint` says what is not there by then. The timeout keeps the process: somebody waits for the answer.
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
