import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { answer, clientWith } from '../support/clients.js';

/** A limit for what hangs: how long it takes depends on the machine. */
const LIMIT_MS = 60_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

it('comes back to a closed gate even if its time runs out between two looks at the clock', async () => {
  let now = 0;
  let moves = false;
  // Once it moves, the first look finds the gate closed by a hair and every later one finds it open.
  const monotonic = (): number => {
    if (!moves) return now;
    moves = false;
    const before = now;
    now += 0.02;
    return before;
  };
  const fetch = vi.fn(async () => answer(fetch.mock.calls.length === 1 ? 503 : 200, { success: true }));
  const { client } = clientWith({ fetch, flushIntervalMs: 0 }, { monotonic });
  client.track({ event: 'purchase', userId: 'visitor-1' });
  await vi.waitFor(() => expect(fetch).toHaveBeenCalledTimes(1), LIMIT_MS);
  await vi.advanceTimersByTimeAsync(0);

  // Timers fire by whole milliseconds, a little early by a finer clock.
  now = 499.99;
  moves = true;
  await vi.advanceTimersByTimeAsync(500);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(fetch).toHaveBeenCalledTimes(2);
  expect(await client.flush()).toMatchObject({ delivered: 1, pending: 0 });
});
