import { createHook } from 'node:async_hooks';
import { describe, expect, it, vi } from 'vitest';
import type { Outcome } from '../../src/core/outcome.js';
import type { Entry } from '../../src/protocol/event.js';
import { createDeliveryCounts } from '../../src/tracking/delivery-counts.js';
import { createMemoryTracker } from '../../src/tracking/memory-tracker.js';
import { type Receipt, settledReceipt } from '../../src/tracking/receipt.js';
import { errorOf, stateOf, trackEntry } from '../support/entries.js';

const DELIVERED: Outcome = { status: 'delivered' };
const REJECTED: Outcome = { status: 'rejected', code: 'invalid_event', message: 'the service refused it' };
const DROPPED: Outcome = { status: 'dropped', reason: 'queue_full' };

function ledgerWith() {
  const onWait = vi.fn();
  const counts = createDeliveryCounts();
  const tracker = createMemoryTracker(counts, onWait);
  return {
    counts,
    tracker,
    close() {
      counts.end();
      tracker.close();
    },
    onWait,
    opened(id: string): { entry: Entry; receipt: Receipt } {
      const entry = trackEntry(id);
      return { entry, receipt: tracker.open(entry) };
    },
  };
}

describe('a receipt', () => {
  it('carries the id of its event', () => {
    expect(ledgerWith().opened('purchase:1').receipt.distinctId).toBe('purchase:1');
  });

  it.each([DELIVERED, REJECTED, DROPPED])(
    'resolves to how the event ended, asked before or after: $status',
    async (outcome) => {
      const { tracker, opened } = ledgerWith();
      const { entry, receipt } = opened('a');
      const before = [receipt.settled(), receipt.settled()];
      expect(await stateOf(before[0]!)).toBe('pending');
      tracker.settle(entry, outcome);
      expect(await Promise.all([...before, receipt.settled()])).toEqual([outcome, outcome, outcome]);
    },
  );

  it('is stored once the service has the event, where the outbox is not durable', async () => {
    const { tracker, opened } = ledgerWith();
    const { entry, receipt } = opened('a');
    const stored = receipt.stored();
    expect(await stateOf(stored)).toBe('pending');
    tracker.settle(entry, DELIVERED);
    await stored;
    await receipt.stored();
  });

  it.each<[Outcome, string, boolean, RegExp]>([
    [REJECTED, 'rejected', false, /a was not stored: invalid_event: the service refused it/],
    [{ status: 'dropped', reason: 'too_old' }, 'rejected', false, /dropped, too_old/],
    [{ status: 'dropped', reason: 'before_send' }, 'rejected', false, /dropped, before_send/],
    [{ status: 'dropped', reason: 'disabled' }, 'rejected', false, /dropped, disabled/],
    [DROPPED, 'not_stored', true, /a was not stored: dropped, queue_full/],
    [{ status: 'dropped', reason: 'outbox_failed' }, 'not_stored', true, /dropped, outbox_failed/],
    [{ status: 'dropped', reason: 'closed' }, 'not_stored', true, /dropped, closed/],
    [{ status: 'dropped', reason: 'retries_exhausted' }, 'not_stored', true, /dropped, retries_exhausted/],
    [{ status: 'unknown', reason: 'not_confirmed' }, 'not_stored', true, /a may not be stored: unknown, not_confirmed/],
  ])(
    'that can not be stored says why, and whether sending it again helps: %j',
    async (outcome, code, retryable, why) => {
      const error = await errorOf(settledReceipt('a', outcome).stored());
      expect(error).toMatchObject({ code, retryable, cause: outcome });
      expect(error.message).toMatch(why);
    },
  );

  it('for an event that ended at the call is settled from the beginning', async () => {
    const receipt = settledReceipt('a', DROPPED);
    expect(receipt.distinctId).toBe('a');
    expect(await receipt.settled()).toEqual(DROPPED);
    expect(await errorOf(receipt.stored())).toMatchObject({ code: 'not_stored', cause: DROPPED });
  });

  it('hurries delivery when somebody begins to wait, and not before', () => {
    const { onWait, opened } = ledgerWith();
    const { receipt } = opened('a');
    expect(onWait).not.toHaveBeenCalled();
    void receipt.settled();
    expect(onWait).toHaveBeenCalledOnce();
  });
});

describe('a wait', () => {
  it('ends with the reason of its signal, and the event goes on without it', async () => {
    const { tracker, opened } = ledgerWith();
    const { entry, receipt } = opened('a');
    const controller = new AbortController();
    const reason = new Error('the request was cancelled');
    const waits = [receipt.settled({ signal: controller.signal }), receipt.stored({ signal: controller.signal })];
    controller.abort(reason);
    for (const wait of waits) await expect(wait).rejects.toBe(reason);
    tracker.settle(entry, DELIVERED);
    expect(await receipt.settled()).toEqual(DELIVERED);
  });

  it('does not begin with a signal that is aborted already', async () => {
    const { receipt } = ledgerWith().opened('a');
    const reason = new Error('too late');
    await expect(receipt.settled({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('is not needed where the outcome is known, aborted or not', async () => {
    const { tracker, opened } = ledgerWith();
    const { entry, receipt } = opened('a');
    tracker.settle(entry, DELIVERED);
    expect(await receipt.settled({ signal: AbortSignal.abort() })).toEqual(DELIVERED);
  });

  it('ends when its time is over, whatever other signal it has as well', async () => {
    const { receipt } = ledgerWith().opened('a');
    const { signal } = new AbortController();
    const wait = receipt.settled({ timeoutMs: 20, signal });
    // Node 20 loses a timeout that only a combined signal holds, at the next collection of garbage.
    for (let round = 0; round < 20; round += 1) new Array(100_000).fill(round);
    await expect(wait).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('ends with a TimeoutError that names the event when its time is over', async () => {
    const { receipt } = ledgerWith().opened('a');
    const message = 'event a is not settled within 0 ms; delivery goes on.';
    await expect(receipt.settled({ timeoutMs: 0 })).rejects.toMatchObject({ name: 'TimeoutError', message });
  });

  it('takes its listener back from the signal', async () => {
    const { tracker, opened } = ledgerWith();
    const { entry, receipt } = opened('a');
    const { signal } = new AbortController();
    const removed = vi.spyOn(signal, 'removeEventListener');
    const settled = receipt.settled({ signal });
    tracker.settle(entry, DELIVERED);
    await settled;
    expect(removed).toHaveBeenCalled();
  });
});

describe('a receipt when the client closes', () => {
  it('tells those who wait, and those who ask later, that nothing more is known here', async () => {
    const { counts, close, opened } = ledgerWith();
    const { receipt } = opened('purchase:1');
    const early = [receipt.stored(), receipt.settled()];
    close();
    for (const wait of [...early, receipt.stored(), receipt.settled(), opened('b').receipt.settled()]) {
      expect(await errorOf(wait)).toMatchObject({
        code: 'closed',
        message: expect.stringContaining('same distinctId'),
      });
    }
    expect(counts.totals.pending).toBe(2);
  });

  it('keeps the outcome that it has', async () => {
    const { tracker, close, opened } = ledgerWith();
    const { entry, receipt } = opened('a');
    tracker.settle(entry, REJECTED);
    close();
    expect(await receipt.settled()).toEqual(REJECTED);
  });
});

it('a receipt costs no promise until one is asked for', async () => {
  let promises = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === 'PROMISE') promises += 1;
    },
  });
  const { tracker } = ledgerWith();
  const entries = Array.from({ length: 1000 }, (_, index) => trackEntry(String(index)));
  hook.enable();
  const receipts = entries.map((entry) => tracker.open(entry));
  for (const entry of entries) tracker.settle(entry, REJECTED);
  const withoutAsking = promises;
  const asked = receipts[0]!.settled();
  hook.disable();
  expect(withoutAsking).toBe(0);
  expect(promises).toBeGreaterThan(0);
  await asked;
});

describe('the totals', () => {
  it('count an event that ended at the call, which was never open', () => {
    const { counts } = ledgerWith();
    counts.count(DROPPED);
    expect(counts.openCount).toBe(0);
    expect(counts.totals).toEqual({ delivered: 0, rejected: 0, dropped: 1, pending: 0, unknown: 0 });
  });

  it('count every event once, by how it ended', () => {
    const { counts, tracker, opened } = ledgerWith();
    const entries = ['a', 'b', 'c', 'd', 'e'].map((id) => opened(id).entry);
    tracker.settle(entries[0]!, DELIVERED);
    tracker.settle(entries[1]!, DELIVERED);
    tracker.settle(entries[2]!, REJECTED);
    tracker.settle(entries[3]!, DROPPED);
    expect(counts.totals).toEqual({ delivered: 2, rejected: 1, dropped: 1, pending: 1, unknown: 0 });
    expect(counts.openCount).toBe(1);
  });

  it('count an event once that was delivered twice because its lease had ended, and keep its first outcome', async () => {
    const { counts, tracker, opened } = ledgerWith();
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
});

describe('a barrier', () => {
  it('is no obstacle where nothing is open', async () => {
    await ledgerWith().counts.barrier();
  });

  it('waits for everything that was opened before it, in whatever order that ends, and for nothing later', async () => {
    const { counts, tracker, opened } = ledgerWith();
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

  it('is not lifted by as many later events', async () => {
    const { counts, tracker, opened } = ledgerWith();
    const { entry } = opened('a');
    const barrier = counts.barrier();
    for (let index = 0; index < 10; index += 1) tracker.settle(opened(`later ${index}`).entry, DELIVERED);
    expect(await stateOf(barrier)).toBe('pending');
    tracker.settle(entry, DELIVERED);
    await barrier;
  });

  it('stands beside others, each for what was before it', async () => {
    const { counts, tracker, opened } = ledgerWith();
    const a = opened('a');
    const [first, alsoFirst] = [counts.barrier(), counts.barrier()];
    const b = opened('b');
    const second = counts.barrier();
    tracker.settle(a.entry, DELIVERED);
    expect(await Promise.all([first, alsoFirst, second].map(stateOf))).toEqual(['resolved', 'resolved', 'pending']);
    tracker.settle(b.entry, DELIVERED);
    await second;
  });

  it('is lifted when the client closes, and stands in nobody’s way afterwards', async () => {
    const { counts, close, opened } = ledgerWith();
    opened('a');
    const barrier = counts.barrier();
    close();
    await barrier;
    await counts.barrier();
  });

  it('closes any number of events quickly, however many wait for some of them', async () => {
    const { counts, tracker, opened } = ledgerWith();
    const COUNT = 20_000;
    const waits = Array.from({ length: COUNT }, (_, index) => {
      const { entry } = opened(String(index));
      return { entry, barrier: counts.barrier() };
    });
    let lifted = 0;
    for (const { barrier } of waits) void barrier.then(() => (lifted += 1));
    // The last of all first: every barrier but the first waits for what is before it.
    for (const { entry } of waits.toReversed()) tracker.settle(entry, DELIVERED);
    await Promise.all(waits.map(({ barrier }) => barrier));
    expect(lifted).toBe(COUNT);
  });

  it('that is given up leaves what it waited for to the next one', async () => {
    const { counts, tracker, opened } = ledgerWith();
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

  it('is left with the reason of the signal, and the others stand', async () => {
    const { counts, tracker, opened } = ledgerWith();
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
