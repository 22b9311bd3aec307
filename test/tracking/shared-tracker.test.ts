import { describe, expect, it, vi } from 'vitest';
import type { Outcome } from '../../src/core/outcome.js';
import type { DurablyAppended } from '../../src/outbox/outbox.js';
import type { Entry } from '../../src/protocol/event.js';
import { createDeliveryCounts } from '../../src/tracking/delivery-counts.js';
import type { Receipt } from '../../src/tracking/receipt.js';
import { isLoss, SharedTracker } from '../../src/tracking/shared-tracker.js';
import { errorOf, stateOf, trackEntry } from '../support/entries.js';

const DELIVERED: Outcome = { status: 'delivered' };
const REJECTED: Outcome = { status: 'rejected', code: 'invalid_event', message: 'the service refused it' };
const DROPPED: Outcome = { status: 'dropped', reason: 'outbox_failed', message: 'the disk is full' };

const answer = (position: number, duplicates: readonly Entry[] = [], incarnation = 'one'): DurablyAppended => ({
  dropped: [],
  duplicates,
  position,
  incarnation,
});

function ledgerWith({ relays = true } = {}) {
  const onWait = vi.fn();
  const onLoss = vi.fn();
  const counts = createDeliveryCounts();
  const tracker = new SharedTracker({ counts, clientId: 'client', relays, onWait, onLoss });
  const opened = (id: string): { entry: Entry; receipt: Receipt } => {
    const entry = trackEntry(id);
    return { entry, receipt: tracker.open(entry) };
  };
  return {
    counts,
    tracker,
    close() {
      counts.end();
      tracker.close();
    },
    onWait,
    onLoss,
    opened,
    /** Opened and stored, one position each. */
    stored(...ids: string[]) {
      return ids.map((id) => {
        const one = opened(id);
        tracker.appended([one.entry], answer(counts.totals.pending));
        return one;
      });
    },
  };
}

/** What a durable outbox hands out: the same event as another object. */
const copyOf = (entry: Entry): Entry => ({ ...entry });

describe('a receipt of a durable outbox', () => {
  it('is stored once the outbox has the event, which has no outcome yet', async () => {
    const { tracker, opened } = ledgerWith();
    const { entry, receipt } = opened('a');
    const [stored, settled] = [receipt.stored(), receipt.settled()];
    expect(await stateOf(stored)).toBe('pending');
    tracker.appended([entry], answer(1));
    await stored;
    expect(await stateOf(settled)).toBe('pending');
    tracker.settle(copyOf(entry), DELIVERED);
    expect(await settled).toEqual(DELIVERED);
  });

  it('says why its event was not stored', async () => {
    const { counts, tracker, opened } = ledgerWith();
    const { entry, receipt } = opened('a');
    tracker.settle(entry, DROPPED);
    expect((await errorOf(receipt.stored())).message).toBe(
      'event a was not stored: dropped, outbox_failed: the disk is full',
    );
    expect(await receipt.settled()).toEqual(DROPPED);
    expect(counts.totals).toMatchObject({ dropped: 1, pending: 0 });
  });

  it('that nobody waited for is asked for in the outbox, when somebody does', async () => {
    const { tracker, onWait, stored } = ledgerWith();
    const [a, b, c] = stored('a', 'b', 'c');
    tracker.settle(copyOf(a!.entry), DELIVERED);
    tracker.settle(copyOf(b!.entry), REJECTED);
    const settled = [a, b, c].map((one) => one!.receipt.settled());
    expect(onWait.mock.calls).toEqual([['a'], ['b'], ['c']]);
    expect(tracker.watchedIds(2)).toEqual(['a', 'b']);
    tracker.resolveWatched(
      ['a', 'b', 'c'],
      new Map<string, 'inside' | typeof REJECTED>([
        ['b', REJECTED],
        ['c', 'inside'],
      ]) as never,
      false,
    );
    expect(await Promise.all(settled.slice(0, 2))).toEqual([DELIVERED, REJECTED]);
    expect(await stateOf(settled[2]!)).toBe('pending');
    expect(tracker.watchedIds(10)).toEqual(['c']);
  });

  it('that nobody waits for any longer is forgotten, whatever ended the wait', async () => {
    const { tracker, stored } = ledgerWith();
    const [a] = stored('a');
    const controller = new AbortController();
    const waits = [a!.receipt.settled({ signal: controller.signal }), a!.receipt.settled({ timeoutMs: 1 })];
    await expect(waits[1]).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(tracker.watchedIds(10)).toEqual(['a']);
    controller.abort();
    await expect(waits[0]).rejects.toMatchObject({ name: 'AbortError' });
    expect(tracker.watchedIds(10)).toEqual([]);
  });

  it('waits for its turn to be asked for, after those that were not asked for lately', () => {
    const { tracker, stored } = ledgerWith();
    for (const { receipt } of stored('a', 'b', 'c')) void receipt.settled();
    tracker.resolveWatched(
      ['a', 'b'],
      new Map([
        ['a', 'inside'],
        ['b', 'inside'],
      ]),
      false,
    );
    expect(tracker.watchedIds(2)).toEqual(['c', 'a']);
  });

  it('of a client that does not relay is stored, and says that the outcome will not be known here', async () => {
    const { counts, tracker, opened } = ledgerWith({ relays: false });
    const { entry, receipt } = opened('a');
    const settled = receipt.settled();
    const barrier = counts.barrier();
    tracker.appended([entry], answer(1));
    await receipt.stored();
    await barrier;
    expect(await errorOf(settled)).toMatchObject({ code: 'closed', message: expect.stringContaining('it is stored') });
    expect(counts.totals.pending).toBe(1);
    expect(counts.openCount).toBe(0);
  });

  it('stays stored when the client closes', async () => {
    const { counts, close, opened, stored } = ledgerWith();
    const [a] = stored('a');
    const settled = a!.receipt.settled();
    const unstored = opened('b').receipt.stored();
    close();
    expect(await errorOf(settled)).toMatchObject({ code: 'closed', message: expect.stringContaining('it is stored') });
    await a!.receipt.stored();
    expect(await errorOf(unstored)).toMatchObject({ code: 'closed' });
    expect(counts.totals.pending).toBe(2);
  });
});

describe('the counts of a durable outbox', () => {
  it('know their own entries by what is written on them, once each', () => {
    const { counts, tracker, stored } = ledgerWith();
    const [a] = stored('a', 'b');
    expect(tracker.settle(copyOf(a!.entry), DELIVERED)).toBe(true);
    expect(tracker.settle(copyOf(a!.entry), REJECTED)).toBe(false);
    expect(counts.totals).toEqual({ delivered: 1, rejected: 0, dropped: 0, pending: 1, unknown: 0 });
  });

  it('tell of the events of other processes, and leave them out', () => {
    const { counts, tracker, stored } = ledgerWith();
    stored('a');
    for (const owner of [undefined, 'another.1', 'client', 7]) {
      expect(tracker.settle({ ...trackEntry('stranger'), owner }, DELIVERED)).toBe(owner !== 'client');
    }
    expect(counts.totals).toEqual({ delivered: 0, rejected: 0, dropped: 0, pending: 1, unknown: 0 });
  });

  it('end an event whose id was inside already as the first one ends', async () => {
    const { counts, tracker, opened, stored } = ledgerWith();
    const [first] = stored('a');
    const second = opened('a');
    tracker.appended([second.entry], answer(1, [second.entry]));
    const barrier = counts.barrier();
    const settled = [first!.receipt.settled(), second.receipt.settled()];
    tracker.settle(copyOf(first!.entry), REJECTED);
    expect(await Promise.all(settled)).toEqual([REJECTED, REJECTED]);
    await barrier;
    expect(counts.totals).toMatchObject({ rejected: 2, pending: 0 });
  });

  it('close what others have delivered as pending, and lift the barriers before it', async () => {
    const { counts, tracker, stored } = ledgerWith();
    const [a] = stored('a', 'b', 'c');
    const barrier = counts.barrier();
    const { order } = tracker.progress;
    stored('later');
    tracker.settle(copyOf(a!.entry), DELIVERED);
    expect(await stateOf(barrier)).toBe('pending');
    tracker.closeMissing(order);
    await barrier;
    expect(counts.openCount).toBe(1);
    expect(counts.totals).toMatchObject({ delivered: 1, pending: 3 });
  });

  it('count progress only up to the first event that is still being stored', () => {
    const { tracker, opened } = ledgerWith();
    const [a, b] = [opened('a'), opened('b')];
    tracker.appended([b.entry], answer(7));
    expect(tracker.progress).toMatchObject({ order: 0, mark: { position: 7 } });
    tracker.appended([a.entry], answer(5));
    expect(tracker.progress).toMatchObject({ order: 2, mark: { position: 7 } });
  });
});

describe('a store that has lost its contents', () => {
  const UNKNOWN = { status: 'unknown', reason: 'store_lost' };
  const nothing = new Map<string, 'inside'>();

  /** Three stored events, for the first of which someone waits, and a store that has lost all of them. */
  function lost() {
    const world = ledgerWith();
    const [a, b, c] = world.stored('a', 'b', 'c');
    const settled = a!.receipt.settled();
    const { tracker } = world;
    const { progress } = tracker;
    tracker.noteLoss(progress, { incarnation: 'another', position: 0 });
    return { ...world, a: a!, b: b!, c: c!, settled, progress };
  }

  it('is seen by another incarnation and by a position that went back, and by nothing else', () => {
    const mark = { incarnation: 'one', position: 7 };
    expect(isLoss(mark, { incarnation: 'another', position: 9 })).toBe(true);
    expect(isLoss(mark, { incarnation: 'one', position: 6 })).toBe(true);
    expect(isLoss(mark, { incarnation: 'one', position: 7 })).toBe(false);
    expect(isLoss(mark, { incarnation: 'one', position: 8 })).toBe(false);
    expect(isLoss(undefined, mark)).toBe(false);
  });

  it('makes absence no proof of delivery: the outcome is unknown once the own relay has had its say', async () => {
    const { counts, tracker, onLoss, progress, settled } = lost();
    tracker.resolveWatched(['a'], nothing, false);
    expect(await stateOf(settled)).toBe('pending');
    tracker.closeMissing(progress.order);
    tracker.resolveWatched(['a'], nothing, false);
    expect(await settled).toEqual(UNKNOWN);
    expect(counts.totals).toMatchObject({ delivered: 0, pending: 0, unknown: 3 });
    expect(onLoss.mock.calls).toEqual([[3]]);
  });

  it('takes nothing back from what the own relay had claimed and settles later', async () => {
    const { a, b, counts, tracker, progress, settled } = lost();
    tracker.closeMissing(progress.order);
    expect(tracker.settle(copyOf(a.entry), DELIVERED)).toBe(true);
    expect(tracker.settle(copyOf(a.entry), DELIVERED)).toBe(false);
    expect(tracker.settle(copyOf(b.entry), REJECTED)).toBe(true);
    expect(await settled).toEqual(DELIVERED);
    expect(counts.totals).toEqual({ delivered: 1, rejected: 1, dropped: 0, pending: 0, unknown: 1 });
  });

  it('says nothing of events that are stored after the loss', async () => {
    const { counts, tracker, opened, progress } = lost();
    const later = opened('later');
    tracker.appended([later.entry], answer(1, [], 'another'));
    tracker.closeMissing(progress.order);
    const settled = later.receipt.settled();
    tracker.resolveWatched(['later'], nothing, false);
    expect(await settled).toEqual(DELIVERED);
    expect(counts.totals).toMatchObject({ unknown: 3, pending: 1 });
  });

  it('is also seen by the answer to an append', async () => {
    const { tracker, opened, stored } = ledgerWith();
    const [a] = stored('a');
    const settled = a!.receipt.settled();
    tracker.appended([opened('b').entry], answer(1, [], 'another'));
    tracker.closeMissing(1);
    tracker.resolveWatched(['a'], nothing, false);
    expect(await settled).toEqual(UNKNOWN);
  });

  it('does not make a dead letter or an event that is inside unknown', async () => {
    const { tracker, progress, settled } = lost();
    tracker.closeMissing(progress.order);
    tracker.resolveWatched(['a'], new Map([['a', 'inside']]), true);
    expect(await stateOf(settled)).toBe('pending');
    tracker.resolveWatched(['a'], new Map([['a', REJECTED]]) as never, true);
    expect(await settled).toEqual(REJECTED);
  });
});

describe('a client without a relay', () => {
  it('watches nothing: a wait that was begun before the commit ends with it', async () => {
    const { tracker, opened, onWait } = ledgerWith({ relays: false });
    const { entry, receipt } = opened('a');
    const [stored, settled] = [receipt.stored(), errorOf(receipt.settled())];
    tracker.appended([entry], answer(1));
    await stored;
    expect((await settled).code).toBe('closed');
    expect(onWait).not.toHaveBeenCalled();
    expect(tracker.watchedIds(10)).toEqual([]);
  });
});
