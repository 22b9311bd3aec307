/**
 * Resolves when `subscribe`'s callback is called; rejects with the reason of the first signal that comes before that, and calls
 * what `subscribe` has returned.
 *
 * The signals are listened to one by one: on Node 20 one that `AbortSignal.any` makes of them forgets a timeout that nobody else
 * holds.
 */
export function waitFor(subscribe: (wake: () => void) => () => void, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve, reject) => {
    for (const { aborted, reason } of signals) if (aborted) return reject(reason);
    const leave = (): void => {
      for (const signal of signals) signal.removeEventListener('abort', abort);
    };
    const unsubscribe = subscribe(() => {
      leave();
      resolve();
    });
    const abort = ({ target }: Event): void => {
      leave();
      unsubscribe();
      reject((target as AbortSignal).reason);
    };
    for (const signal of signals) signal.addEventListener('abort', abort);
  });
}
