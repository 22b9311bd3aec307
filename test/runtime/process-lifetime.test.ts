import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const EVENTS = ['beforeExit', 'exit'] as const;
const others = new Set<unknown>(EVENTS.flatMap((event) => process.listeners(event as 'exit')));
/** The listeners that the package has added; only the tests call them. */
const listenersOf = (event: (typeof EVENTS)[number]) =>
  process.listeners(event as 'exit').filter((one) => !others.has(one)) as (() => void)[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  // The modules keep the timers they find when they are loaded.
  vi.resetModules();
});
afterEach(() => {
  for (const event of EVENTS) for (const listener of listenersOf(event)) process.off(event, listener);
  // What the copies of the module share.
  Reflect.deleteProperty(globalThis, Symbol.for('ours-ingest.process-end'));
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const STEP_MS = 10;
type World = Awaited<ReturnType<typeof world>>;

/** A process whose clients each have their open events answered `answerMs` after a flush. */
async function world() {
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
  const startTimeout = globalThis.setTimeout;
  let hasTurn = false;
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((action: () => void, ms: number) => {
    hasTurn ||= ms === 0;
    return startTimeout(action, ms);
  }) as typeof setTimeout);
  const { createProcessLifetime } = await import('../../src/runtime/process-lifetime.js');
  const { processEnd } = await import('../../src/runtime/process-events.js');

  function client({ answerMs }: { readonly answerMs: () => number | undefined }) {
    let closed = 0;
    let open = 0;
    let waiting: (() => void)[] = [];
    const giveUp = vi.fn();
    const onExit = vi.fn();
    const flush = vi.fn(async () => {
      await undefined;
      if (open === 0) return;
      const ms = answerMs();
      const answered = new Promise<void>((resolve) => waiting.push(resolve));
      if (ms !== undefined) setTimeout(() => one.settle(), ms).unref();
      await answered;
    });
    const lifetime = createProcessLifetime({ progress: () => closed, flush, giveUp, onExit }, processEnd);
    const one = {
      lifetime,
      flush,
      giveUp,
      onExit,
      onOutcome: (): void => undefined,
      track() {
        open += 1;
        lifetime.ref();
      },
      waitForAll: () => lifetime.hold(flush()),
      /** All open events get their outcome. */
      settle() {
        closed += open;
        open = 0;
        lifetime.unref();
        const woken = waiting;
        waiting = [];
        for (const wake of woken) wake();
        one.onOutcome();
      },
      /** An event gets its outcome, and others are open. */
      advance() {
        closed += 1;
      },
    };
    return one;
  }

  const all = {
    client,
    get isListening() {
      return listenersOf('beforeExit').length > 0;
    },
    get isKept() {
      return [...intervals].some((timer) => timer.hasRef());
    },
    /** What else listens to 'beforeExit'. */
    onBeforeExit: (): void => undefined,
    /** The program has nothing left to do: the event loop runs until nothing keeps it. Returns how long that took. */
    async runOut() {
      const startedAt = performance.now();
      do {
        hasTurn = false;
        for (const listener of listenersOf('beforeExit')) listener();
        all.onBeforeExit();
        await vi.advanceTimersByTimeAsync(0);
        if (!all.isKept && !hasTurn) return performance.now() - startedAt;
        while (all.isKept) await vi.advanceTimersByTimeAsync(STEP_MS);
      } while (performance.now() - startedAt < 3_600_000);
      throw new Error('the process does not end');
    },
    exit() {
      for (const listener of listenersOf('exit')) listener();
    },
  };
  return all;
}

const never = () => undefined;

/** A process with an event that is stuck, for whose outcome someone has waited in vain for a minute. */
async function silence() {
  const all = await world();
  const one = all.client({ answerMs: never });
  one.track();
  const wait = one.waitForAll();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(all.isKept).toBe(false);
  return { all, one, wait };
}

it('listens to the end of the process while events are open and for a second after that', async () => {
  const all = await world();
  const one = all.client({ answerMs: never });
  expect(all.isListening).toBe(false);
  one.track();
  one.track();
  expect(all.isListening).toBe(true);
  one.settle();
  await vi.advanceTimersByTimeAsync(500);
  one.track();
  await vi.advanceTimersByTimeAsync(500);
  expect(all.isListening).toBe(true);
  one.settle();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(all.isListening).toBe(false);
});

it('adds one listener for all clients', async () => {
  const all = await world();
  for (let clients = 0; clients < 20; clients += 1) all.client({ answerMs: never }).track();
  expect(listenersOf('beforeExit')).toHaveLength(1);
  expect(listenersOf('exit')).toHaveLength(1);
});

it('adds one listener for all copies of the package that a process loads', async () => {
  for (let copies = 0; copies < 20; copies += 1) {
    vi.resetModules();
    const { processEnd } = await import('../../src/runtime/process-events.js');
    processEnd.join();
    processEnd.enter({ onIdle() {}, onExit() {} });
  }
  expect(listenersOf('beforeExit')).toHaveLength(1);
  expect(listenersOf('exit')).toHaveLength(1);
});

it('tells the clients that have open events of the exit, and no other', async () => {
  const all = await world();
  const [one, other] = [all.client({ answerMs: never }), all.client({ answerMs: never })];
  one.track();
  other.track();
  other.settle();
  all.exit();
  expect(one.onExit).toHaveBeenCalledOnce();
  expect(other.onExit).not.toHaveBeenCalled();
});

it('reports at once what is tracked after it was told of the exit, unless the process goes on', async () => {
  const all = await world();
  const one = all.client({ answerMs: never });
  all.exit();
  expect(one.onExit).not.toHaveBeenCalled();
  one.track();
  one.track();
  expect(one.onExit.mock.calls).toEqual([[true], [true]]);
  await vi.advanceTimersByTimeAsync(1);
  one.track();
  expect(one.onExit).toHaveBeenCalledTimes(2);
});

it('keeps the process while events are being delivered, and no longer', async () => {
  const all = await world();
  const one = all.client({ answerMs: () => 700 });
  one.track();
  expect(await all.runOut()).toBe(700);
  expect(one.giveUp).not.toHaveBeenCalled();
});

it('keeps the process for as long as events get outcomes', async () => {
  const all = await world();
  const one = all.client({ answerMs: () => 60_000 });
  setInterval(() => one.advance(), 3_900).unref();
  one.track();
  expect(await all.runOut()).toBe(60_000);
  expect(one.giveUp).not.toHaveBeenCalled();
});

it('gives up once, after five seconds without an outcome', async () => {
  const all = await world();
  const one = all.client({ answerMs: never });
  one.track();
  expect(await all.runOut()).toBe(5_000);
  expect(one.giveUp).toHaveBeenCalledOnce();
  expect(one.onExit).not.toHaveBeenCalled();
});

it('keeps the process for a wait of the program, and gives up once, after five seconds without an outcome', async () => {
  const all = await world();
  const one = all.client({ answerMs: never });
  one.track();
  void one.waitForAll();
  void one.waitForAll();
  expect(all.isKept).toBe(true);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(all.isKept).toBe(false);
  expect(one.giveUp).not.toHaveBeenCalled();
  expect(await all.runOut()).toBe(0);
  expect(one.giveUp).toHaveBeenCalledOnce();
});

it('waits five seconds for an event that is tracked while an older one is stuck, however long someone has waited for that', async () => {
  const { all, one } = await silence();
  one.track();
  expect(await all.runOut()).toBe(5_000);
  expect(one.flush).toHaveBeenCalledTimes(2);
});

it('keeps the process for a new wait, although an older one is silent', async () => {
  const { all, one } = await silence();
  void one.waitForAll();
  await vi.advanceTimersByTimeAsync(4_000);
  expect(all.isKept).toBe(true);
});

it('delivers what is tracked after it has given up, if the process goes on', async () => {
  const all = await world();
  const one = all.client({ answerMs: never });
  one.track();
  await all.runOut();
  await vi.advanceTimersByTimeAsync(12_000);
  one.track();
  expect(await all.runOut()).toBe(5_000);
  expect(one.flush).toHaveBeenCalledTimes(2);
});

it('keeps the process again when a wait that was silent sees an outcome', async () => {
  const { all, one, wait } = await silence();
  one.advance();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(all.isKept).toBe(true);
  one.settle();
  await wait;
  expect(all.isKept).toBe(false);
});

it('looks for outcomes where timers are numbers, as in a test runner with a window', async () => {
  let look!: () => void;
  vi.spyOn(globalThis, 'setInterval').mockImplementation(((action: () => void) => {
    look = action;
    return 1;
  }) as unknown as typeof setInterval);
  const { createProcessLifetime } = await import('../../src/runtime/process-lifetime.js');
  const { processEnd } = await import('../../src/runtime/process-events.js');
  let closed = 0;
  const { hold } = createProcessLifetime(
    { progress: () => closed, flush: async () => undefined, giveUp() {}, onExit() {} },
    processEnd,
  );
  void hold(new Promise(() => undefined));
  for (let looks = 0; looks < 6; looks += 1) look();
  closed = 1;
  expect(look).not.toThrow();
});

it('frees the process when a wait fails', async () => {
  const all = await world();
  const one = all.client({ answerMs: never });
  await expect(one.lifetime.hold(Promise.reject(new Error('aborted')))).rejects.toThrow('aborted');
  expect(all.isKept).toBe(false);
});

it('keeps a program that waits again and again, a thousand times, and does not tell it that it is about to end', async () => {
  const all = await world();
  const one = all.client({ answerMs: () => 40 });
  let rounds = 0;
  void (async () => {
    for (; rounds < 1_000; rounds += 1) {
      one.track();
      await one.waitForAll();
    }
  })();
  // The event loop is never empty before the end.
  while (all.isKept) await vi.advanceTimersByTimeAsync(STEP_MS);
  expect(rounds).toBe(1_000);
});

it.each<[how: string, during: (all: World) => void]>([
  [
    'tracks an event each time it is about to end',
    (all) => {
      const one = all.client({ answerMs: () => 40 });
      all.onBeforeExit = () => one.track();
    },
  ],
  [
    'tracks an event and waits for it each time it is about to end',
    (all) => {
      const one = all.client({ answerMs: () => 40 });
      all.onBeforeExit = () => {
        one.track();
        void one.waitForAll();
      };
    },
  ],
  [
    'flushes and then tracks an event each time it is about to end',
    (all) => {
      const one = all.client({ answerMs: () => 40 });
      all.onBeforeExit = async () => {
        await one.waitForAll();
        one.track();
      };
    },
  ],
  [
    'tracks with two clients in turn each time it is about to end',
    (all) => {
      const clients = [all.client({ answerMs: () => 40 }), all.client({ answerMs: () => 40 })] as const;
      let turn = 0;
      all.onBeforeExit = () => clients[turn++ % 2 ? 0 : 1].track();
    },
  ],
  [
    'tracks an event for the outcome of each, itself included',
    (all) => {
      const one = all.client({ answerMs: () => 40 });
      one.onOutcome = () => one.track();
      one.track();
    },
  ],
  [
    'tracks an event for the outcome of each, a little later',
    (all) => {
      const one = all.client({ answerMs: () => 40 });
      one.onOutcome = () => void Promise.resolve().then(() => one.track());
      one.track();
    },
  ],
])('ends a program that %s', async (_, during) => {
  const all = await world();
  during(all);
  const tookMs = await all.runOut();
  expect(tookMs).toBeGreaterThan(40);
  expect(tookMs).toBeLessThanOrEqual(10 * 40);
});

it('counts anew after a second in which the process had work of its own', async () => {
  const all = await world();
  const one = all.client({ answerMs: () => 40 });
  for (let jobs = 0; jobs < 30; jobs += 1) {
    one.track();
    expect(await all.runOut()).toBe(40);
    await vi.advanceTimersByTimeAsync(1_000);
  }
});

it('ends five to six seconds after the last outcome, whenever outcomes come', async () => {
  const all = await world();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(9_000), { maxLength: 20 }), async (pauses) => {
      const one = all.client({ answerMs: never });
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
      const tookMs = await all.runOut();
      expect(tookMs).toBeGreaterThanOrEqual(lastMs + 5_000);
      expect(tookMs).toBeLessThanOrEqual(lastMs + 6_000);
      one.settle();
      await vi.advanceTimersByTimeAsync(2_000);
    }),
    { numRuns: 50 },
  );
});
