import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { EndListener } from '../../src/runtime/process-events.js';
import { createProcessLifetime } from '../../src/runtime/process-lifetime.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const STEP_MS = 10;

/** A process with a client whose event is answered after `answerMs` each time it is flushed. */
function world({ answerMs }: { readonly answerMs: () => number | undefined }) {
  const intervals = new Set<NodeJS.Timeout>();
  const start = globalThis.setInterval;
  const stop = globalThis.clearInterval;
  vi.spyOn(globalThis, 'setInterval').mockImplementation(((action: () => void, ms: number) => {
    const timer = start(action, ms);
    intervals.add(timer);
    return timer;
  }) as typeof setInterval);
  vi.spyOn(globalThis, 'clearInterval').mockImplementation((timer) => {
    intervals.delete(timer as NodeJS.Timeout);
    stop(timer);
  });

  const listeners = new Set<EndListener>();
  let closed = 0;
  let open = 0;
  let onClosed: (() => void)[] = [];
  const giveUp = vi.fn();
  const onExit = vi.fn();
  const flush = vi.fn(async () => {
    await undefined;
    if (open === 0) return;
    const ms = answerMs();
    const answered = new Promise<void>((resolve) => onClosed.push(resolve));
    if (ms !== undefined) setTimeout(() => one.settle(), ms).unref();
    await answered;
  });
  const lifetime = createProcessLifetime({ progress: () => closed, flush, giveUp, onExit }, (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  });
  const one = {
    lifetime,
    flush,
    giveUp,
    onExit,
    /** What else listens to 'beforeExit', after the client. */
    onBeforeExit: (): void => undefined,
    get isListening() {
      return listeners.size > 0;
    },
    get isKept() {
      return [...intervals].some((timer) => timer.hasRef());
    },
    track(isReaction = false) {
      open += 1;
      lifetime.ref(isReaction);
    },
    /** All open events get their outcome. */
    settle() {
      closed += open;
      open = 0;
      lifetime.unref();
      const waiting = onClosed;
      onClosed = [];
      for (const wake of waiting) wake();
    },
    /** Some events get their outcome. */
    advance() {
      closed += 1;
    },
    /** The program has nothing left to do: the event loop runs until nothing keeps it. Returns how long that took. */
    async runOut() {
      const startedAt = performance.now();
      do {
        for (const listener of listeners) listener.onIdle();
        one.onBeforeExit();
        await vi.advanceTimersByTimeAsync(0);
        if (!one.isKept) return performance.now() - startedAt;
        while (one.isKept) await vi.advanceTimersByTimeAsync(STEP_MS);
      } while (performance.now() - startedAt < 3_600_000);
      throw new Error('the process does not end');
    },
    exit() {
      for (const listener of listeners) listener.onExit();
    },
  };
  return one;
}

it('listens to the end of the process while events are open and for a second after that', async () => {
  const one = world({ answerMs: () => 0 });
  expect(one.isListening).toBe(false);
  one.track();
  one.track();
  expect(one.isListening).toBe(true);
  one.settle();
  await vi.advanceTimersByTimeAsync(500);
  one.track();
  await vi.advanceTimersByTimeAsync(500);
  expect(one.isListening).toBe(true);
  one.settle();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(one.isListening).toBe(false);
});

it('listens no longer, and leaves no timer, once the client is closed', () => {
  const one = world({ answerMs: () => 0 });
  one.track();
  one.settle();
  one.lifetime.end();
  expect(one.isListening).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});

it('tells of open events at the exit, and not when none is open', () => {
  const one = world({ answerMs: () => 0 });
  one.track();
  one.settle();
  one.exit();
  expect(one.onExit).not.toHaveBeenCalled();
  one.track();
  one.exit();
  expect(one.onExit).toHaveBeenCalledOnce();
});

it('keeps the process while events are being delivered, and no longer', async () => {
  const one = world({ answerMs: () => 700 });
  one.track();
  expect(await one.runOut()).toBe(700);
  expect(one.giveUp).not.toHaveBeenCalled();
  expect(one.flush).toHaveBeenCalledTimes(2);
});

it('keeps the process for as long as events get outcomes', async () => {
  const one = world({ answerMs: () => 60_000 });
  const progress = setInterval(() => one.advance(), 3_900);
  progress.unref();
  one.track();
  expect(await one.runOut()).toBe(60_000);
  expect(one.giveUp).not.toHaveBeenCalled();
});

it('gives up after five seconds without an outcome', async () => {
  const one = world({ answerMs: () => undefined });
  one.track();
  expect(await one.runOut()).toBe(5_000);
  expect(one.giveUp).toHaveBeenCalledOnce();
  expect(one.onExit).not.toHaveBeenCalled();
});

it('keeps the process for a wait of the program, and gives up once, after five seconds without an outcome', async () => {
  const one = world({ answerMs: () => undefined });
  one.track();
  void one.lifetime.hold(one.flush());
  void one.lifetime.hold(one.flush());
  expect(one.isKept).toBe(true);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(one.isKept).toBe(false);
  expect(one.giveUp).not.toHaveBeenCalled();
  expect(await one.runOut()).toBe(0);
  expect(one.giveUp).toHaveBeenCalledOnce();
});

it('keeps the process again when a wait that was silent sees an outcome', async () => {
  const one = world({ answerMs: () => undefined });
  one.track();
  const wait = one.lifetime.hold(one.flush());
  await vi.advanceTimersByTimeAsync(20_000);
  expect(one.isKept).toBe(false);
  one.advance();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(one.isKept).toBe(true);
  one.settle();
  await wait;
  expect(one.isKept).toBe(false);
});

it('looks for outcomes where timers are numbers, as in a test runner with a window', async () => {
  let look!: () => void;
  const one = world({ answerMs: () => undefined });
  vi.spyOn(globalThis, 'setInterval').mockImplementation(((action: () => void) => {
    look = action;
    return 1;
  }) as unknown as typeof setInterval);
  one.track();
  void one.lifetime.hold(one.flush());
  for (let looks = 0; looks < 6; looks += 1) look();
  one.advance();
  expect(look).not.toThrow();
});

it('frees the process when a wait fails', async () => {
  const one = world({ answerMs: () => undefined });
  await expect(one.lifetime.hold(Promise.reject(new Error('aborted')))).rejects.toThrow('aborted');
  expect(one.isKept).toBe(false);
});

it('keeps a program that waits again and again, a thousand times, and does not tell it that it is about to end', async () => {
  const one = world({ answerMs: () => 40 });
  let emissions = 0;
  one.onBeforeExit = () => {
    emissions += 1;
  };
  let rounds = 0;
  void (async () => {
    for (; rounds < 1_000; rounds += 1) {
      one.track();
      await one.lifetime.hold(one.flush());
    }
  })();
  while (one.isKept) await vi.advanceTimersByTimeAsync(STEP_MS);
  expect(rounds).toBe(1_000);
  await one.runOut();
  expect(emissions).toBe(1);
});

it('keeps a program that waits for something else which keeps nothing, as often as it does', async () => {
  const one = world({ answerMs: () => 40 });
  for (let round = 0; round < 100; round += 1) {
    one.track();
    expect(await one.runOut()).toBe(40);
  }
});

it.each<[how: string, onBeforeExit: (one: ReturnType<typeof world>) => void]>([
  ['tracks an event', (one) => one.track()],
  [
    'tracks an event and waits for it',
    (one) => {
      one.track();
      void one.lifetime.hold(one.flush());
    },
  ],
])('ends a program that %s each time it is about to end', async (_, onBeforeExit) => {
  const one = world({ answerMs: () => 40 });
  one.onBeforeExit = () => onBeforeExit(one);
  one.track();
  expect(await one.runOut()).toBe(10 * 40);
  expect(one.giveUp).not.toHaveBeenCalled();
});

it('ends a program that tracks an event for the outcome of each, itself included', async () => {
  const one = world({ answerMs: () => 40 });
  const { settle } = one;
  one.settle = () => {
    settle();
    one.track(true);
  };
  one.track();
  expect(await one.runOut()).toBe(10 * 40);
});

it('ends five to six seconds after the last outcome, whenever outcomes come', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(9_000), { maxLength: 20 }), async (pauses) => {
      const one = world({ answerMs: () => undefined });
      one.track();
      let sumMs = 0;
      let lastMs = 0;
      for (const pauseMs of pauses) {
        sumMs += pauseMs;
        // What comes after the process has ended does not count.
        if (pauseMs > 5_000) break;
        lastMs = sumMs;
        setTimeout(() => one.advance(), sumMs).unref();
      }
      const tookMs = await one.runOut();
      expect(tookMs).toBeGreaterThanOrEqual(lastMs + 5_000);
      expect(tookMs).toBeLessThanOrEqual(lastMs + 6_000);
      vi.restoreAllMocks();
    }),
    { numRuns: 50 },
  );
});
