/** The maximum delay of a timer; a longer one fires at once. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/**
 * Runs `action` after `ms` without keeping the process alive; the returned function cancels it. A negative delay counts as 0:
 * Node 24 and later warn of it.
 */
export function later(ms: number, action: () => void): () => void {
  const timer: { unref?(): void } = setTimeout(action, Math.max(0, Math.min(ms, MAX_TIMER_MS)));
  // Where timers are numbers, they keep nothing alive.
  timer.unref?.();
  return () => clearTimeout(timer as never);
}

/** Timers are this late in a process that is not busy. */
const USUALLY_LATE_MS = 2;
const MAX_GRACE_MS = 1_000;

/**
 * {@link later}, for the deadline of an answer. A process that was stopped (a frozen function, a paused container) or busy finds
 * its timers due before it has read what came meanwhile. So a deadline that comes late waits once more, as long as it was late and
 * at most a second.
 */
export function deadline(ms: number, action: () => void): () => void {
  const dueAt = performance.now() + ms;
  let cancel = later(ms, () => {
    const lateMs = performance.now() - dueAt;
    if (lateMs <= USUALLY_LATE_MS) action();
    else cancel = later(Math.min(lateMs, MAX_GRACE_MS), action);
  });
  return () => cancel();
}

/** The real ones, also where a test replaces them later: a timer that is not real keeps no process. */
const { setTimeout: keep, clearTimeout: free } = globalThis;

/** Keeps the process alive until `work` ends. For work that must end, and whose own timers are unref'd. */
export async function keepProcess<Result>(work: Promise<Result>): Promise<Result> {
  const timer = keep(() => undefined, MAX_TIMER_MS);
  return work.finally(() => free(timer));
}

/** {@link keepProcess}, for work that may not end: what decides how long is elsewhere. */
export type Hold = <Result>(work: Promise<Result>) => Promise<Result>;

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

/** The waiters of a signal. */
interface Waiting {
  readonly actions: Set<() => void>;
  stop(): void;
}

const waitingOn = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `action` when the signal aborts; the returned function cancels it. All waiters of a signal share one listener: Node 20
 * warns of a leak from the eleventh on.
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
