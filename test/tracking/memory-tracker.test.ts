import { describe, expect, it } from 'vitest';
import { createDeliveryCounts } from '../../src/tracking/delivery-counts.js';
import { createMemoryTracker } from '../../src/tracking/memory-tracker.js';
import { trackEntry } from '../support/entries.js';
import { DELIVERED, memoryTracker, REJECTED } from './memory-setup.js';

describe('the memory tracker', () => {
  it('counts an event once if it is delivered twice because its lease expired, and keeps the first outcome', async () => {
    const { counts, tracker, opened } = memoryTracker();
    const { entry, receipt } = opened('a');
    const other = opened('b');
    expect(tracker.settle(entry, DELIVERED)).toBe(true);
    expect(tracker.settle(entry, REJECTED)).toBe(false);
    expect(await receipt.settled()).toEqual(DELIVERED);
    expect(counts.totals).toEqual({ delivered: 1, rejected: 0, dropped: 0, pending: 1, unknown: 0 });
    const barrier = counts.barrier();
    tracker.settle(other.entry, DELIVERED);
    await barrier;
  });

  it('has its outbox for itself, even after it is closed', () => {
    const outbox = {};
    const open = () => createMemoryTracker(outbox, createDeliveryCounts(), () => undefined);
    const tracker = open();
    expect(open).toThrow(/^outbox belongs to another client/);
    tracker.close();
    expect(open).toThrow();
  });

  it('ignores entries of others', () => {
    const { counts, tracker } = memoryTracker();
    expect(tracker.settle(trackEntry('other'), DELIVERED)).toBe(false);
    expect(counts.totals.delivered).toBe(0);
  });
});
