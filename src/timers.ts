/** The longest wait a timer can measure; a longer one would end at once. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/** Runs `action` after `ms` without keeping the process alive for it; the returned function cancels. */
export function later(ms: number, action: () => void): () => void {
  const timer: { unref?(): void } = setTimeout(action, Math.min(ms, MAX_TIMER_MS));
  // Node and Bun return an object; where timers are numbers nothing is kept alive by them.
  timer.unref?.();
  return () => clearTimeout(timer as never);
}

/** Keeps the process while it waits for something that ends, and whose own timers keep no process. */
export async function keepProcess<Result>(work: Promise<Result>): Promise<Result> {
  const timer = setTimeout(() => undefined, MAX_TIMER_MS);
  return work.finally(() => clearTimeout(timer));
}

/** Waits `ms`, or until the signal aborts, whichever comes first. Never rejects. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const wake = (): void => {
      cancel();
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const cancel = later(ms, wake);
    signal?.addEventListener('abort', wake);
  });
}
