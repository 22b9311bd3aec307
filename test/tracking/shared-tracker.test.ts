import { describe, expect, it, vi } from 'vitest';
import type { Outcome } from '../../src/core/outcome.js';
import type { Entry } from '../../src/protocol/event.js';
import { createDeliveryCounts } from '../../src/tracking/delivery-counts.js';
import { sourceOf } from '../../src/tracking/owner.js';
import type { DurablyAppended } from '../../src/tracking/polled-outbox.js';
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

function sharedTracker({ relays = true } = {}) {
  const onWait = vi.fn();
  const onLoss = vi.fn();
  const onForeign = vi.fn();
  const counts = createDeliveryCounts();
  const source = sourceOf('test_shop');
  const tracker = new SharedTracker({ counts, clientId: 'client', source, relays, onWait, onLoss, onForeign });
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
    onForeign,
    opened,
    /** Opens and stores events, one position each. */
    stored(...ids: string[]) {
      return ids.map((id) => {
        const one = opened(id);
        tracker.appended([one.entry], answer(counts.totals.pending));
        return one;
      });
    },
  };
}

/** What a durable outbox returns: the same event as another object. */
const copyOf = (entry: Entry): Entry => ({ ...entry });

describe('a receipt of a durable outbox', () => {
  it('is stored once the outbox has committed the event, which has no outcome yet', async () => {
    const { tracker, opened } = sharedTracker();
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
    const { counts, tracker, opened } = sharedTracker();
    const { entry, receipt } = opened('a');
    tracker.settle(entry, DROPPED);
    expect((await errorOf(receipt.stored())).message).toBe(
      'event a was not stored: dropped, outbox_failed: the disk is full',
    );
    expect(await receipt.settled()).toEqual(DROPPED);
    expect(counts.totals).toMatchObject({ dropped: 1, pending: 0 });
  });

  it('is looked up in the outbox once a caller waits for it', async () => {
    const { tracker, onWait, stored } = sharedTracker();
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

  it('is no longer watched once its last caller gives up, for any reason', async () => {
    const { tracker, stored } = sharedTracker();
    const [a] = stored('a');
    const controller = new AbortController();
    const waits = [a!.receipt.settled({ signal: controller.signal }), a!.receipt.settled({ timeoutMs: 1 })];
    await expect(waits[1]).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(tracker.watchedIds(10)).toEqual(['a']);
    controller.abort();
    await expect(waits[0]).rejects.toMatchObject({ name: 'AbortError' });
    expect(tracker.watchedIds(10)).toEqual([]);
  });

  it('is looked up in turn, least recently looked up first', () => {
    const { tracker, stored } = sharedTracker();
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

  it('of a client without a relay is stored, and says that this client will not learn the outcome', async () => {
    const { counts, tracker, opened } = sharedTracker({ relays: false });
    const { entry, receipt } = opened('a');
    const settled = receipt.settled();
    const barrier = counts.barrier();
    tracker.appended([entry], answer(1));
    await receipt.stored();
    await barrier;
    expect(await errorOf(settled)).toMatchObject({ code: 'closed', message: expect.stringContaining('it was stored') });
    expect(counts.totals.pending).toBe(1);
    expect(counts.openCount).toBe(0);
  });

  it('stays stored when the client closes', async () => {
    const { counts, close, opened, stored } = sharedTracker();
    const [a] = stored('a');
    const settled = a!.receipt.settled();
    const unstored = opened('b').receipt.stored();
    close();
    expect(await errorOf(settled)).toMatchObject({ code: 'closed', message: expect.stringContaining('it was stored') });
    await a!.receipt.stored();
    expect(await errorOf(unstored)).toMatchObject({ code: 'closed' });
    expect(counts.totals.pending).toBe(2);
  });
});

describe('the counts of a durable outbox', () => {
  it('recognise their own entries by their owner, once each', () => {
    const { counts, tracker, stored } = sharedTracker();
    const [a] = stored('a', 'b');
    expect(tracker.settle(copyOf(a!.entry), DELIVERED)).toBe(true);
    expect(tracker.settle(copyOf(a!.entry), REJECTED)).toBe(false);
    expect(counts.totals).toEqual({ delivered: 1, rejected: 0, dropped: 0, pending: 1, unknown: 0 });
  });

  it('report the events of other processes without counting them', () => {
    const { counts, tracker, stored } = sharedTracker();
    stored('a');
    for (const owner of [undefined, 'another.1', 'client', 7]) {
      expect(tracker.settle({ ...trackEntry('stranger'), owner }, DELIVERED)).toBe(owner !== 'client');
    }
    expect(counts.totals).toEqual({ delivered: 0, rejected: 0, dropped: 0, pending: 1, unknown: 0 });
  });

  it('give a duplicate the outcome of the event that was already inside', async () => {
    const { counts, tracker, opened, stored } = sharedTracker();
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

  it('close events that others delivered as pending, and lift the barriers before them', async () => {
    const { counts, tracker, stored } = sharedTracker();
    const [a] = stored('a', 'b', 'c');
    const barrier = counts.barrier();
    const { sequence } = tracker.progress;
    stored('later');
    tracker.settle(copyOf(a!.entry), DELIVERED);
    expect(await stateOf(barrier)).toBe('pending');
    tracker.closeMissing(sequence);
    await barrier;
    expect(counts.openCount).toBe(1);
    expect(counts.totals).toMatchObject({ delivered: 1, pending: 3 });
  });

  it('take back an event that was closed so if the own relay settles it later, with its duplicates, once each', () => {
    const { counts, tracker, opened, stored } = sharedTracker();
    const [a] = stored('a', 'b');
    const again = opened('a');
    tracker.appended([again.entry], answer(2, [again.entry]));
    tracker.closeMissing(3);
    expect(counts.totals).toMatchObject({ delivered: 0, pending: 3 });
    expect(tracker.settle(copyOf(a!.entry), DELIVERED)).toBe(true);
    expect(tracker.settle(copyOf(a!.entry), DELIVERED)).toBe(false);
    expect(counts.totals).toEqual({ delivered: 2, rejected: 0, dropped: 0, pending: 1, unknown: 0 });
  });

  it('remember such events for at least 30 polls and at most 60', () => {
    const { counts, tracker, stored } = sharedTracker();
    const [a, b] = stored('a', 'b');
    tracker.closeMissing(2);
    for (let poll = 0; poll < 30; poll += 1) tracker.closeMissing(0);
    expect(tracker.settle(copyOf(a!.entry), DELIVERED)).toBe(true);
    for (let poll = 0; poll < 30; poll += 1) tracker.closeMissing(0);
    expect(tracker.settle(copyOf(b!.entry), DELIVERED)).toBe(false);
    expect(counts.totals).toMatchObject({ delivered: 1, pending: 1 });
  });

  it('report progress only up to the first event that is still being stored', () => {
    const { tracker, opened } = sharedTracker();
    const [a, b] = [opened('a'), opened('b')];
    tracker.appended([b.entry], answer(7));
    expect(tracker.progress).toMatchObject({ sequence: 0, mark: { position: 7 } });
    tracker.appended([a.entry], answer(5));
    expect(tracker.progress).toMatchObject({ sequence: 2, mark: { position: 7 } });
  });
});

describe('a store that has lost its contents', () => {
  const UNKNOWN = { status: 'unknown', reason: 'store_lost' };
  const nothing = new Map<string, 'inside'>();

  /** Three stored events, for the first of which someone waits, and a store that has lost all of them. */
  function lost() {
    const world = sharedTracker();
    const [a, b, c] = world.stored('a', 'b', 'c');
    const settled = a!.receipt.settled();
    const { tracker } = world;
    const { progress } = tracker;
    tracker.noteLoss(progress, { incarnation: 'another', position: 0 });
    return { ...world, a: a!, b: b!, c: c!, settled, progress };
  }

  it('is detected by a new incarnation or a smaller position, and by nothing else', () => {
    const mark = { incarnation: 'one', position: 7 };
    expect(isLoss(mark, { incarnation: 'another', position: 9 })).toBe(true);
    expect(isLoss(mark, { incarnation: 'one', position: 6 })).toBe(true);
    expect(isLoss(mark, { incarnation: 'one', position: 7 })).toBe(false);
    expect(isLoss(mark, { incarnation: 'one', position: 8 })).toBe(false);
    expect(isLoss(undefined, mark)).toBe(false);
  });

  it('does not prove delivery by absence: the outcome is unknown unless the own relay settles it', async () => {
    const { counts, tracker, onLoss, progress, settled } = lost();
    tracker.resolveWatched(['a'], nothing, false);
    expect(await stateOf(settled)).toBe('pending');
    tracker.closeMissing(progress.sequence);
    tracker.resolveWatched(['a'], nothing, false);
    expect(await settled).toEqual(UNKNOWN);
    expect(counts.totals).toMatchObject({ delivered: 0, pending: 0, unknown: 3 });
    expect(onLoss.mock.calls).toEqual([[3]]);
  });

  it('keeps the outcomes of events that the own relay had claimed and settles later', async () => {
    const { a, b, counts, tracker, progress, settled } = lost();
    tracker.closeMissing(progress.sequence);
    expect(tracker.settle(copyOf(a.entry), DELIVERED)).toBe(true);
    expect(tracker.settle(copyOf(a.entry), DELIVERED)).toBe(false);
    expect(tracker.settle(copyOf(b.entry), REJECTED)).toBe(true);
    expect(await settled).toEqual(DELIVERED);
    expect(counts.totals).toEqual({ delivered: 1, rejected: 1, dropped: 0, pending: 0, unknown: 1 });
  });

  it('does not affect events stored after the loss', async () => {
    const { counts, tracker, opened, progress } = lost();
    const later = opened('later');
    tracker.appended([later.entry], answer(1, [], 'another'));
    tracker.closeMissing(progress.sequence);
    const settled = later.receipt.settled();
    tracker.resolveWatched(['later'], nothing, false);
    expect(await settled).toEqual(DELIVERED);
    expect(counts.totals).toMatchObject({ unknown: 3, pending: 1 });
  });

  it('is also detected by the result of an append', async () => {
    const { tracker, opened, stored } = sharedTracker();
    const [a] = stored('a');
    const settled = a!.receipt.settled();
    tracker.appended([opened('b').entry], answer(1, [], 'another'));
    tracker.closeMissing(1);
    tracker.resolveWatched(['a'], nothing, false);
    expect(await settled).toEqual(UNKNOWN);
  });

  it('does not make a dead letter or an event that is still inside unknown', async () => {
    const { tracker, progress, settled } = lost();
    tracker.closeMissing(progress.sequence);
    tracker.resolveWatched(['a'], new Map([['a', 'inside']]), true);
    expect(await stateOf(settled)).toBe('pending');
    tracker.resolveWatched(['a'], new Map([['a', REJECTED]]) as never, true);
    expect(await settled).toEqual(REJECTED);
  });
});

describe('a client without a relay', () => {
  it('watches nothing: a wait that starts before the commit ends with it', async () => {
    const { tracker, opened, onWait } = sharedTracker({ relays: false });
    const { entry, receipt } = opened('a');
    const [stored, settled] = [receipt.stored(), errorOf(receipt.settled())];
    tracker.appended([entry], answer(1));
    await stored;
    expect((await settled).code).toBe('closed');
    expect(onWait).not.toHaveBeenCalled();
    expect(tracker.watchedIds(10)).toEqual([]);
  });
});
