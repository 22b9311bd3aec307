import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { NotifyThrottle } from '../../../src/outbox/postgres/notify-throttle.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('lets the first of many appends notify, and covers the others with one notification', async () => {
  const notify = vi.fn(async () => undefined);
  const throttle = new NotifyThrottle(notify);
  expect([1, 2, 3].map(() => throttle.notifiesNow())).toEqual([true, false, false]);
  await vi.advanceTimersByTimeAsync(49);
  expect(notify).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(notify).toHaveBeenCalledOnce();
  // That notification begins a quiet time, too.
  expect(throttle.notifiesNow()).toBe(false);
});

it('notifies no one after a single append', async () => {
  const notify = vi.fn(async () => undefined);
  const throttle = new NotifyThrottle(notify);
  throttle.notifiesNow();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(notify).not.toHaveBeenCalled();
  expect(throttle.notifiesNow()).toBe(true);
});

it('ignores a notification that fails, because relays also poll', async () => {
  const throttle = new NotifyThrottle(() => Promise.reject(new Error('the connection was lost')));
  throttle.notifiesNow();
  throttle.notifiesNow();
  await expect(throttle.flush()).resolves.toBeUndefined();
});
