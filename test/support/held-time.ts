import { onTestFinished, vi } from 'vitest';

export interface HeldTime {
  /** Lets the time pass, and every timer fire that is due by then. */
  pass(ms: number): Promise<void>;
  /**
   * Waits for sockets and files until the condition holds. Timers of 0 ms fire, and `stepMs` pass with each turn of the event
   * loop: by default no time at all.
   */
  until(condition: () => boolean, stepMs?: number): Promise<void>;
  /** Waits for sockets and files until the work is done, like {@link until}. */
  settle<Result>(work: Promise<Result>, stepMs?: number): Promise<Result>;
}

const { setTimeout: setReal, clearTimeout: clearReal } = globalThis;

/** Stops the timers and both clocks of this process until the test lets time pass, while sockets and files keep working. */
export function holdTime(): HeldTime {
  const startedAt = performance.now();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  // Vitest's monotonic clock starts at 0, which would look like a leap of the wall clock.
  const sinceStart = performance.now.bind(performance);
  performance.now = () => startedAt + sinceStart();
  const { setTimeout: setHeld, clearTimeout: clearHeld } = globalThis;
  // Vitest's own timers of 0 ms that are set while time passes wait for another millisecond.
  const atOnce = new WeakSet<object>();
  globalThis.setTimeout = ((action: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
    if (ms > 0) return setHeld(action, ms, ...args);
    const timer = setReal(action, 0, ...args);
    atOnce.add(timer);
    return timer;
  }) as typeof setTimeout;
  globalThis.clearTimeout = ((timer?: NodeJS.Timeout) =>
    timer && atOnce.has(timer) ? clearReal(timer) : clearHeld(timer)) as typeof clearTimeout;
  onTestFinished(() => {
    Object.assign(globalThis, { setTimeout: setHeld, clearTimeout: clearHeld });
    vi.useRealTimers();
  });
  async function until(condition: () => boolean, stepMs = 0): Promise<void> {
    while (!condition()) {
      await vi.advanceTimersByTimeAsync(stepMs);
      await new Promise((resolve) => setReal(resolve, 1));
    }
  }
  return {
    pass: async (ms) => void (await vi.advanceTimersByTimeAsync(ms)),
    until,
    async settle(work, stepMs) {
      let isDone = false;
      const done = (): void => {
        isDone = true;
      };
      work.then(done, done);
      await until(() => isDone, stepMs);
      return work;
    },
  };
}

/** Replaces `AbortSignal.timeout`: its signals abort when the test says that so many milliseconds are over. */
export function holdTimeouts(): { expire(ms: number): void } {
  const held: { readonly ms: number; readonly controller: AbortController }[] = [];
  const spy = vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    const controller = new AbortController();
    held.push({ ms, controller });
    return controller.signal;
  });
  onTestFinished(() => spy.mockRestore());
  return {
    expire(ms) {
      const due = held.filter((one) => one.ms === ms);
      if (due.length === 0) throw new Error(`nothing waits for ${ms} ms; there is ${held.map((one) => one.ms).join()}`);
      for (const { controller } of due) controller.abort(new DOMException('the time is over', 'TimeoutError'));
    },
  };
}
