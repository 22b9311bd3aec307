import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ClientContext } from '../../src/client/context.js';
import { createFlushAndClose, type FlushAndCloseOptions } from '../../src/client/flush-and-close.js';
import { createWarnOnce } from '../../src/core/logger.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const TOTALS = { delivered: 0, rejected: 0, dropped: 0, pending: 0, unknown: 0 };
const never = new Promise<never>(() => undefined);

function line(overrides: { stop?: (graceMs: number) => Promise<void>; closeOutbox?: () => Promise<void> } = {}) {
  const steps: string[] = [];
  const step = (name: string) => async () => void steps.push(name);
  const options = {
    counts: { barrier: step('barrier'), totals: TOTALS },
    relay: { stop: overrides.stop ?? step('relay') },
    transport: { close: step('transport') },
    outbox: { close: overrides.closeOutbox ?? step('outbox') },
    flushNow: () => void steps.push('flush'),
    onClosed: () => void steps.push('closed'),
  };
  const monotonic = () => performance.now();
  const warn = vi.fn<(message: string) => void>();
  const context = { monotonic, warnings: createWarnOnce({ warn }, monotonic) };
  const made = createFlushAndClose(context as unknown as ClientContext, options as unknown as FlushAndCloseOptions);
  return { made, steps, warn };
}

it('flushes, then closes the relay, the transport and the outbox in this order', async () => {
  const { made, steps } = line();
  expect(made.isClosing).toBe(false);
  const closed = made.close();
  expect(made.isClosing).toBe(true);
  expect(await closed).toBe(TOTALS);
  expect(steps).toEqual(['flush', 'barrier', 'relay', 'transport', 'outbox', 'closed']);
});

it('gives requests in flight the rest of its time', async () => {
  const stop = vi.fn(async () => undefined);
  await line({ stop }).made.close({ timeoutMs: 3_000 });
  expect(stop).toHaveBeenCalledExactlyOnceWith(3_000);
});

it('gives them no time if its signal has aborted', async () => {
  const stop = vi.fn(async () => undefined);
  const { made, steps } = line({ stop });
  await expect(made.close({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  expect(stop).toHaveBeenCalledExactlyOnceWith(0);
  expect(steps.at(-1)).toBe('closed');
});

it('ends although the relay and the outbox never close', async () => {
  const { made, steps, warn } = line({ stop: () => never, closeOutbox: () => never });
  const closed = made.close({ timeoutMs: 0 });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await closed).toBe(TOTALS);
  expect(steps).toEqual(['flush', 'barrier', 'transport', 'closed']);
  // What it costs, the events whose outcome is unknown say.
  expect(warn).not.toHaveBeenCalled();
});

it('passes on what the outbox says when it cannot be closed', async () => {
  const { made, warn } = line({ closeOutbox: () => Promise.reject(new Error('5 stored events are lost')) });
  expect(await made.close()).toBe(TOTALS);
  expect(warn).toHaveBeenCalledExactlyOnceWith('close(): the outbox could not be closed: 5 stored events are lost.');
});

it.each([
  [Number.NaN, 'NaN'],
  [-1, '-1'],
  ['3000', 'a string'],
  [null, 'null'],
])('keeps to its default if the limit is %o, and says so', async (timeoutMs, got) => {
  const stop = vi.fn(async () => undefined);
  const { made, warn } = line({ stop });
  await made.flush({ timeoutMs: timeoutMs as number });
  expect(warn).toHaveBeenCalledExactlyOnceWith(
    expect.stringContaining(`flush(): timeoutMs must be a number of milliseconds; got ${got}. The default is used.`),
  );
  await made.close({ timeoutMs: timeoutMs as number });
  expect(stop).toHaveBeenCalledExactlyOnceWith(5_000);
});
