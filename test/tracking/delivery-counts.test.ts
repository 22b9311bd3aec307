import { describe, expect, it } from 'vitest';
import { firstBarrierFor } from '../../src/tracking/delivery-counts.js';
import { stateOf } from '../support/entries.js';
import { DELIVERED, DROPPED, memoryTracker, REJECTED } from './memory-setup.js';

describe('the totals', () => {
  it('count an event that is refused at the call and never opened', () => {
    const { counts } = memoryTracker();
    counts.count(DROPPED);
    expect(counts.openCount).toBe(0);
    expect(counts.totals).toEqual({ delivered: 0, rejected: 0, dropped: 1, pending: 0, unknown: 0 });
  });

  it('count every event once, by its outcome', () => {
    const { counts, tracker, opened } = memoryTracker();
    const entries = ['a', 'b', 'c', 'd', 'e'].map((id) => opened(id).entry);
    tracker.settle(entries[0]!, DELIVERED);
    tracker.settle(entries[1]!, DELIVERED);
    tracker.settle(entries[2]!, REJECTED);
    tracker.settle(entries[3]!, DROPPED);
    expect(counts.totals).toEqual({ delivered: 2, rejected: 1, dropped: 1, pending: 1, unknown: 0 });
    expect(counts.openCount).toBe(1);
  });
});

describe('a barrier', () => {
  it('resolves at once if nothing is open', async () => {
    await memoryTracker().counts.barrier();
  });

  it('waits for every event opened before it, in any order, and for no later one', async () => {
    const { counts, tracker, opened } = memoryTracker();
    const [a, b, c] = [opened('a'), opened('b'), opened('c')];
    tracker.settle(b.entry, DELIVERED);
    const barrier = counts.barrier();
    const later = opened('later');
    tracker.settle(c.entry, REJECTED);
    tracker.settle(later.entry, DELIVERED);
    expect(await stateOf(barrier)).toBe('pending');
    tracker.settle(a.entry, DROPPED);
    expect(await stateOf(barrier)).toBe('resolved');
  });

  it('is not lifted by later events, however many close', async () => {
    const { counts, tracker, opened } = memoryTracker();
    const { entry } = opened('a');
    const barrier = counts.barrier();
    for (let index = 0; index < 10; index += 1) tracker.settle(opened(`later ${index}`).entry, DELIVERED);
    expect(await stateOf(barrier)).toBe('pending');
    tracker.settle(entry, DELIVERED);
    await barrier;
  });

  it('waits for the events before it, independently of other barriers', async () => {
    const { counts, tracker, opened } = memoryTracker();
    const a = opened('a');
    const [first, alsoFirst] = [counts.barrier(), counts.barrier()];
    const b = opened('b');
    const second = counts.barrier();
    tracker.settle(a.entry, DELIVERED);
    expect(await Promise.all([first, alsoFirst, second].map(stateOf))).toEqual(['resolved', 'resolved', 'pending']);
    tracker.settle(b.entry, DELIVERED);
    await second;
  });

  it('resolves when the client closes, and at once afterwards', async () => {
    const { counts, close, opened } = memoryTracker();
    opened('a');
    const barrier = counts.barrier();
    close();
    await barrier;
    await counts.barrier();
  });

  it('is one of thousands, each lifted by its own events, the last event first', async () => {
    const { counts, tracker, opened } = memoryTracker();
    const COUNT = 2_000;
    const waits = Array.from({ length: COUNT }, (_, index) => {
      const { entry } = opened(String(index));
      return { entry, barrier: counts.barrier() };
    });
    let lifted = 0;
    for (const { barrier } of waits) void barrier.then(() => (lifted += 1));
    // Every barrier also waits for the events before it, so none is lifted until the first event closes.
    for (const { entry } of waits.slice(1).toReversed()) tracker.settle(entry, DELIVERED);
    await Promise.resolve();
    expect(lifted).toBe(0);
    tracker.settle(waits[0]!.entry, DELIVERED);
    await Promise.all(waits.map(({ barrier }) => barrier));
    expect(lifted).toBe(COUNT);
  });

  it('is found in a logarithmic number of steps', () => {
    let reads = 0;
    const barriers = Array.from({ length: 20_000 }, (_, index) => ({
      get upTo() {
        reads += 1;
        return 2 * index;
      },
    }));
    expect([0, 1, 20_000, 39_998, 39_999].map((event) => firstBarrierFor(barriers, event))).toEqual([
      0, 1, 10_000, 19_999, 20_000,
    ]);
    expect(reads).toBeLessThanOrEqual(5 * 15);
  });

  it('passes its open events to the next barrier when its last caller gives up', async () => {
    const { counts, tracker, opened } = memoryTracker();
    const first = opened('a');
    const controller = new AbortController();
    const mine = counts.barrier({ signal: controller.signal });
    const second = opened('b');
    const other = counts.barrier();
    controller.abort();
    await expect(mine).rejects.toBeDefined();
    tracker.settle(second.entry, DELIVERED);
    expect(await stateOf(other)).toBe('pending');
    tracker.settle(first.entry, DELIVERED);
    await other;
  });

  it('rejects with the reason of the signal, and other callers keep waiting', async () => {
    const { counts, tracker, opened } = memoryTracker();
    const { entry } = opened('a');
    const controller = new AbortController();
    const reason = new Error('no time');
    const [mine, other] = [counts.barrier({ signal: controller.signal }), counts.barrier()];
    controller.abort(reason);
    await expect(mine).rejects.toBe(reason);
    expect(await stateOf(other)).toBe('pending');
    tracker.settle(entry, DELIVERED);
    await other;
  });
});
