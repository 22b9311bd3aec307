import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withTimeout } from '../../src/core/with-timeout.js';

const never = new Promise<never>(() => undefined);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('withTimeout', () => {
  it('resolves to the result, whether or not that is a promise', async () => {
    const { signal } = new AbortController();
    expect(await withTimeout('value', { signal, timeoutMs: 10 })).toBe('value');
    expect(await withTimeout(Promise.resolve('later'), { signal, timeoutMs: 10 })).toBe('later');
    expect(await withTimeout(Promise.resolve('unlimited'), {})).toBe('unlimited');
  });

  it('rejects with the error of the work', async () => {
    const failing = Promise.reject(new Error('broken'));
    await expect(withTimeout(failing, { timeoutMs: 10 })).rejects.toThrow('broken');
  });

  it('rejects with a TimeoutError after the timeout, and not before', async () => {
    const settled = vi.fn();
    const waiting = withTimeout(never, { timeoutMs: 5_000 });
    waiting.catch(settled);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError', message: 'no answer within 5000 ms' });
  });

  it('resolves to what onTimeout returns, or rejects with what it throws', async () => {
    const replaced = withTimeout(never, { timeoutMs: 10, onTimeout: () => 'replacement' });
    const refused = withTimeout(never, {
      timeoutMs: 10,
      onTimeout() {
        throw new Error('too late');
      },
    });
    const caught = expect(refused).rejects.toThrow('too late');
    await vi.advanceTimersByTimeAsync(10);
    expect(await replaced).toBe('replacement');
    await caught;
  });

  it('rejects with the reason of the signal, also when it aborted earlier', async () => {
    const controller = new AbortController();
    const waiting = withTimeout(never, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(withTimeout(never, { signal: controller.signal })).rejects.toThrow('enough');
  });

  it('leaves neither a timer nor a listener behind, however the wait ends', async () => {
    const { signal } = new AbortController();
    const options = { signal, timeoutMs: 10 };
    await withTimeout('value', options);
    await withTimeout(Promise.reject(new Error('broken')), options).catch(() => undefined);
    const waiting = withTimeout(never, options).catch(() => undefined);
    expect(vi.getTimerCount()).toBe(1);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(10);
    await waiting;
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);

    const controller = new AbortController();
    const aborted = withTimeout(never, { signal: controller.signal, timeoutMs: 10 }).catch(() => undefined);
    controller.abort();
    await aborted;
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('does not keep the process alive', () => {
    const started = vi.spyOn(globalThis, 'setTimeout');
    void withTimeout(never, { timeoutMs: 10, onTimeout: () => undefined });
    const [timer] = started.mock.results.map(({ value }) => value as NodeJS.Timeout);
    expect(timer?.hasRef()).toBe(false);
    started.mockRestore();
  });
});
