import { onTestFinished, vi } from 'vitest';

export interface HeldTime {
  /** Lets the time pass, and every timer fire that is due by then. */
  pass(ms: number): Promise<void>;
  /** Waits for sockets and files until the condition holds. Timers of 0 ms fire, and no time passes. */
  until(condition: () => boolean): Promise<void>;
}

const realSetTimeout = globalThis.setTimeout;

/** Stops the timers of this process until the test lets time pass, while sockets and files keep working. */
export function holdTime(): HeldTime {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  return {
    pass: async (ms) => void (await vi.advanceTimersByTimeAsync(ms)),
    async until(condition) {
      while (!condition()) {
        await vi.advanceTimersByTimeAsync(0);
        await new Promise((resolve) => realSetTimeout(resolve, 1));
      }
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
