import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { OrphanSweep } from '../../../src/outbox/durable/orphan-sweep.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

it('runs at the first claim, and then at most once a minute', async () => {
  const sweep = new OrphanSweep();
  const remove = vi.fn(async () => 0);
  for (let second = 0; second < 120; second += 1) {
    await sweep.run(remove);
    vi.advanceTimersByTime(1_000);
  }
  expect(remove).toHaveBeenCalledTimes(2);
});

it('goes on at the next claim while it finds some', async () => {
  const sweep = new OrphanSweep();
  const remove = vi.fn(async () => 0).mockResolvedValueOnce(1_000);
  for (let claim = 0; claim < 3; claim += 1) await sweep.run(remove);
  expect(remove).toHaveBeenCalledTimes(2);
});

it('waits a minute after a failure, which the claim reports', async () => {
  const sweep = new OrphanSweep();
  const remove = vi.fn(async () => 0).mockRejectedValueOnce(new Error('the database is down'));
  await expect(sweep.run(remove)).rejects.toThrow('the database is down');
  await sweep.run(remove);
  expect(remove).toHaveBeenCalledOnce();
});
