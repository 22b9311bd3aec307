/** The longest wait a timer can measure; a longer one would end at once. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/**
 * Runs `action` after `ms` without keeping the process alive for it; the returned function cancels. What is overdue runs at
 * once: Node 24 and later warn of a timer with a negative time.
 */
export function later(ms: number, action: () => void): () => void {
  const timer: { unref?(): void } = setTimeout(action, Math.max(0, Math.min(ms, MAX_TIMER_MS)));
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
      forget();
      resolve();
    };
    const cancel = later(ms, wake);
    const forget = onAbort(signal, wake);
  });
}

/** What waits on a signal. */
interface Waiting {
  readonly actions: Set<() => void>;
  stop(): void;
}

const waitingOn = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `action` when the signal aborts; the returned function takes that back. A signal gets one listener, however many
 * wait on it: Node 20 warns of a leak from the eleventh on.
 */
export function onAbort(signal: AbortSignal | undefined, action: () => void): () => void {
  if (signal === undefined) return () => undefined;
  const { actions, stop } = waitingOn.get(signal) ?? listenTo(signal);
  actions.add(action);
  return () => {
    if (actions.delete(action) && actions.size === 0) stop();
  };
}

function listenTo(signal: AbortSignal): Waiting {
  const actions = new Set<() => void>();
  const abort = (): void => {
    for (const action of [...actions]) action();
  };
  const waiting: Waiting = {
    actions,
    stop() {
      waitingOn.delete(signal);
      signal.removeEventListener('abort', abort);
    },
  };
  signal.addEventListener('abort', abort);
  waitingOn.set(signal, waiting);
  return waiting;
}
