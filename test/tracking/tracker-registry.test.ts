import { expect, it, vi } from 'vitest';
import { createWarnOnce } from '../../src/core/logger.js';
import { createDeliveryCounts } from '../../src/tracking/delivery-counts.js';
import { sharedTrackerFor } from '../../src/tracking/tracker-registry.js';
import { trackEntry } from '../support/entries.js';

const noop = (): void => undefined;
const outbox = {
  lookUp: async () => new Map(),
  oldest: async () => undefined,
  mark: async () => ({ incarnation: 'one', position: 0 }),
};
const host = () => ({
  counts: createDeliveryCounts(),
  id: 'client',
  relays: false,
  intervalMs: 1_000,
  token: 'test_shop',
  warnings: createWarnOnce({ warn: noop }, () => 0),
  flushNow: noop,
  schedule: noop,
});

it('the entry for Workers needs a durable outbox that brings the shared tracker along', async () => {
  expect(() => sharedTrackerFor(outbox, host())).toThrow(/ours-ingest\/outbox/);
  const { enableSharedTracker } = await import('../../src/tracking/create-shared-tracker.js');
  enableSharedTracker();
  const { counts, ...rest } = host();
  const receipt = sharedTrackerFor(outbox, { ...rest, counts }).open(trackEntry('a'));
  expect(receipt.distinctId).toBe('a');
  expect(counts.openCount).toBe(1);
});

it('a shared tracker polls from its creation until it is closed', async () => {
  vi.useFakeTimers();
  try {
    const { enableSharedTracker } = await import('../../src/tracking/create-shared-tracker.js');
    enableSharedTracker();
    const flushNow = vi.fn();
    const unwatch = vi.fn();
    const tracker = sharedTrackerFor({ ...outbox, watch: () => unwatch }, { ...host(), relays: true, flushNow });
    expect(flushNow).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(flushNow).toHaveBeenCalledTimes(3);
    tracker.close();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(flushNow).toHaveBeenCalledTimes(3);
    expect(unwatch).toHaveBeenCalledOnce();
  } finally {
    vi.useRealTimers();
  }
});
