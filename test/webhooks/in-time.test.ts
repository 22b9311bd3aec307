import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { inTime } from '../../src/webhooks/in-time.js';

const never = new Promise<never>(() => undefined);

describe('work with a signal', () => {
  it('resolves to its result, whether that is a promise or not', async () => {
    const { signal } = new AbortController();
    expect(await inTime('at once', signal)).toBe('at once');
    expect(await inTime(Promise.resolve('later'), signal)).toBe('later');
  });

  it('rejects with its own error', async () => {
    const { signal } = new AbortController();
    await expect(inTime(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
  });

  it('rejects with the signal’s reason when that aborts first, or has aborted before', async () => {
    const controller = new AbortController();
    const begun = inTime(never, controller.signal);
    controller.abort(new Error('too late'));
    await expect(begun).rejects.toThrow('too late');
    await expect(inTime(never, controller.signal)).rejects.toThrow('too late');
  });

  it('leaves no listener on the signal, however the work ends', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    await inTime(Promise.resolve(), signal);
    await inTime(Promise.reject(new Error('broken')), signal).catch(() => undefined);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    const begun = inTime(never, signal).catch(() => undefined);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    controller.abort();
    await begun;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
