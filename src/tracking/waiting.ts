import { type Hold, keepProcess } from '../core/timers.js';
import { throwTimeout, withTimeout } from '../core/with-timeout.js';

/** Limits of a wait. */
export interface WaitOptions {
  /** The longest wait, in milliseconds. @default no limit */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves when `subscribe` calls its callback. Rejects with the signal's reason or, after the timeout, with a `TimeoutError`
 * that begins with `complaint`; the function that `subscribe` returned is called then. A timeout keeps the process alive until
 * then, `hold` as long as it sees fit.
 */
export function waitFor(
  subscribe: (wake: () => void) => () => void,
  options: WaitOptions | undefined,
  complaint: string,
  hold: Hold,
): Promise<void> {
  const { signal, timeoutMs } = options ?? {};
  let unsubscribe!: () => void;
  const woken = new Promise<void>((resolve) => {
    unsubscribe = subscribe(resolve);
  });
  const waiting = withTimeout(woken, {
    signal,
    timeoutMs,
    onTimeout: throwTimeout(`${complaint} within ${timeoutMs} ms; delivery goes on.`),
  }).catch((reason: unknown) => {
    unsubscribe();
    throw reason;
  });
  return timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY ? hold(waiting) : keepProcess(waiting);
}
