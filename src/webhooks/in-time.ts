import { onAbort } from '../core/timers.js';

/**
 * What `work` resolves to, unless the signal aborts first. The work then goes on, and its result is ignored.
 * @throws what `work` throws, or the signal's reason
 */
export function inTime<Result>(work: Result | PromiseLike<Result>, signal: AbortSignal): Promise<Result> {
  let forget = (): void => undefined;
  const late = new Promise<never>((_, reject) => {
    const giveUp = (): void => reject(signal.reason);
    if (signal.aborted) giveUp();
    else forget = onAbort(signal, giveUp);
  });
  return Promise.race([work, late]).finally(() => forget());
}
