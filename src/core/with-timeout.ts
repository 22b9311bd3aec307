import { later, onAbort } from './timers.js';

export interface TimeoutOptions<Late = never> {
  /** Milliseconds to wait. @default no limit */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Its result replaces the missing one. @default throws a `TimeoutError` */
  readonly onTimeout?: (() => Late) | undefined;
}

/**
 * Waits for `work` until the timeout passes or the signal aborts. The work itself continues, and its result is then ignored.
 * The timer does not keep the process alive.
 * @throws what `work` or `onTimeout` throws, or the signal's reason
 */
export function withTimeout<Result, Late = never>(
  work: Result | PromiseLike<Result>,
  { timeoutMs, signal, onTimeout }: TimeoutOptions<Late>,
): Promise<Result | Late> {
  let cancel: (() => void) | undefined;
  let forget: (() => void) | undefined;
  const late = new Promise<Late>((resolve, reject) => {
    const abort = (): void => reject(signal?.reason);
    if (signal?.aborted) return abort();
    forget = onAbort(signal, abort);
    if (timeoutMs === undefined) return;
    cancel = later(timeoutMs, () => {
      try {
        if (onTimeout === undefined) throw new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError');
        resolve(onTimeout());
      } catch (error) {
        reject(error);
      }
    });
  });
  return Promise.race([work, late]).finally(() => {
    cancel?.();
    forget?.();
  });
}
