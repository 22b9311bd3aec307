import { expect, it, vi } from 'vitest';
import { createFlush } from '../../src/adapters/lambda-flush.js';

/** The milliseconds that the flush may take. */
async function limitOf(options: { flushTimeoutMs?: number }, context?: object): Promise<number | undefined> {
  const timeout = vi.spyOn(AbortSignal, 'timeout');
  try {
    await createFlush({ flush: async () => undefined }, options)(context);
    return timeout.mock.lastCall?.[0];
  } finally {
    timeout.mockRestore();
  }
}

it.each([
  [undefined, undefined, 2_000],
  [500, undefined, 500],
  [undefined, 1_250, 1_000],
  [undefined, 100, 0],
  [5_000, 30_000, 5_000],
  [undefined, 1_250.5, 1_000],
  [undefined, Number.NaN, 2_000],
  [undefined, 'soon', 2_000],
])('with flushTimeoutMs %s and %s ms left waits at most %d ms', async (flushTimeoutMs, leftMs, expected) => {
  const options = flushTimeoutMs === undefined ? {} : { flushTimeoutMs };
  expect(await limitOf(options, leftMs === undefined ? undefined : { getRemainingTimeInMillis: () => leftMs })).toBe(
    expected,
  );
});

it('never throws, and warns once', async () => {
  const warnings: string[] = [];
  const logger = { warn: (message: string) => void warnings.push(message) };
  const flush = createFlush({ flush: () => Promise.reject(new Error('broken')) }, { logger });
  await flush(undefined);
  await flush({
    getRemainingTimeInMillis: () => {
      throw new Error('broken');
    },
  });
  expect(warnings).toEqual([expect.stringContaining('before its events are delivered')]);
});

it.each([-1, 1.5, Number.NaN, 900_001])('rejects the timeout %d', (flushTimeoutMs) => {
  expect(() => createFlush({ flush: async () => undefined }, { flushTimeoutMs })).toThrow(
    /must be an integer from 0 to/,
  );
});
