import { deadline, onAbort } from './timers.js';

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
  { timeoutMs, signal, onTimeout = throwTimeout(`no answer within ${timeoutMs} ms`) }: TimeoutOptions<Late>,
): Promise<Result | Late> {
  let cancel: (() => void) | undefined;
  let forget: (() => void) | undefined;
  const late = new Promise<void>((resolve, reject) => {
    const abort = (): void => reject(signal?.reason);
    if (signal?.aborted) abort();
    forget = onAbort(signal, abort);
    if (timeoutMs !== undefined) cancel = deadline(timeoutMs, resolve);
  });
  return Promise.race([work, late.then(onTimeout)]).finally(() => {
    cancel?.();
    forget?.();
  });
}

/** An `onTimeout` that throws a `TimeoutError`. */
export function throwTimeout(message: string): () => never {
  return () => {
    throw new DOMException(message, 'TimeoutError');
  };
}
