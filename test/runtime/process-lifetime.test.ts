import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { EndListener } from '../../src/runtime/process-events.js';
import { createProcessLifetime } from '../../src/runtime/process-lifetime.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** A process that is idle whenever it is told so, and a client that delivers `flushed` events at each flush. */
function world(flushed: (timeoutMs: number) => Promise<number> = async () => 0) {
  let listener: EndListener | undefined;
  const flush = vi.fn(flushed);
  const giveUp = vi.fn();
  const onExit = vi.fn();
  const lifetime = createProcessLifetime({ monotonic: () => performance.now(), flush, giveUp, onExit }, (given) => {
    listener = given;
    return () => {
      listener = undefined;
    };
  });
  return {
    lifetime,
    flush,
    giveUp,
    onExit,
    get isListening() {
      return listener !== undefined;
    },
    /** Runs out of work, as often as it takes until no timer keeps the process. */
    async idle() {
      listener?.onIdle();
      await vi.runAllTimersAsync();
    },
    exit: () => listener?.onExit(),
  };
}

const afterMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

it('listens to the end of the process only while events are open', () => {
  const one = world();
  expect(one.isListening).toBe(false);
  one.lifetime.ref();
  one.lifetime.ref();
  expect(one.isListening).toBe(true);
  one.lifetime.unref();
  expect(one.isListening).toBe(false);
});

it('keeps the process while events are being delivered, and no longer', async () => {
  const one = world(async () => {
    await afterMs(700);
    one.lifetime.unref();
    return 0;
  });
  one.lifetime.ref();
  await one.idle();
  expect(performance.now()).toBe(700);
  expect(vi.getTimerCount()).toBe(0);
  expect(one.giveUp).not.toHaveBeenCalled();
});

it('flushes again what was tracked during a flush', async () => {
  let open = 3;
  const one = world(async () => {
    await afterMs(10);
    open -= 1;
    if (open === 0) one.lifetime.unref();
    return open;
  });
  one.lifetime.ref();
  await one.idle();
  expect(one.flush).toHaveBeenCalledTimes(3);
  expect(one.giveUp).not.toHaveBeenCalled();
});

it('gives up after five seconds in all, and then only tells of events at the exit', async () => {
  const one = world(async (timeoutMs) => {
    await afterMs(timeoutMs);
    return 1;
  });
  one.lifetime.ref();
  for (let round = 0; round < 5; round += 1) await one.idle();
  expect(performance.now()).toBe(5_000);
  expect(one.giveUp).toHaveBeenCalledOnce();
  expect(one.onExit).not.toHaveBeenCalled();
  one.exit();
  expect(one.onExit).toHaveBeenCalledOnce();
});

it('ends a drain when the client closes meanwhile', async () => {
  const one = world(async () => {
    await afterMs(10);
    one.lifetime.unref();
    return 1;
  });
  one.lifetime.ref();
  await one.idle();
  expect(one.flush).toHaveBeenCalledOnce();
  expect(one.giveUp).not.toHaveBeenCalled();
});

it('drains no more than five seconds and ten times, however long deliveries take and however often events come again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(6_000), { maxLength: 40 }), async (deliveries) => {
      const rest = [...deliveries];
      const one = world(async (timeoutMs) => {
        const takesMs = rest.shift() ?? 0;
        await afterMs(Math.min(takesMs, timeoutMs));
        if (takesMs > timeoutMs) return 1;
        one.lifetime.unref();
        return 0;
      });
      const startedAt = performance.now();
      for (const _ of deliveries) {
        one.lifetime.ref();
        await one.idle();
      }
      expect(performance.now() - startedAt).toBeLessThanOrEqual(5_000);
      expect(one.flush.mock.calls.length).toBeLessThanOrEqual(10);
    }),
    { numRuns: 100 },
  );
});
