import { createHook } from 'node:async_hooks';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Outcome } from '../../src/core/outcome.js';
import { settledReceipt } from '../../src/tracking/receipt.js';
import { errorOf, stateOf, trackEntry } from '../support/entries.js';
import { DELIVERED, DROPPED, memoryTracker, REJECTED } from './memory-setup.js';

describe('a receipt', () => {
  it('has the id of its event', () => {
    expect(memoryTracker().opened('purchase:1').receipt.distinctId).toBe('purchase:1');
  });

  it.each([DELIVERED, REJECTED, DROPPED])(
    'resolves to the outcome, whether asked before or after: $status',
    async (outcome) => {
      const { tracker, opened } = memoryTracker();
      const { entry, receipt } = opened('a');
      const before = [receipt.settled(), receipt.settled()];
      expect(await stateOf(before[0]!)).toBe('pending');
      tracker.settle(entry, outcome);
      expect(await Promise.all([...before, receipt.settled()])).toEqual([outcome, outcome, outcome]);
    },
  );

  it('is stored once the service has the event, if the outbox is in memory', async () => {
    const { tracker, opened } = memoryTracker();
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
    'of an event that is not stored says why, and whether sending it again may help: %j',
    async (outcome, code, retryable, why) => {
      const error = await errorOf(settledReceipt('a', outcome).stored());
      expect(error).toMatchObject({ code, retryable, cause: outcome });
      expect(error.message).toMatch(why);
    },
  );

  it('of an event that is refused at the call is settled from the start', async () => {
    const receipt = settledReceipt('a', DROPPED);
    expect(receipt.distinctId).toBe('a');
    expect(await receipt.settled()).toEqual(DROPPED);
    expect(await errorOf(receipt.stored())).toMatchObject({ code: 'not_stored', cause: DROPPED });
  });

  it('starts delivery when a caller waits, and not before', () => {
    const { onWait, opened } = memoryTracker();
    const { receipt } = opened('a');
    expect(onWait).not.toHaveBeenCalled();
    void receipt.settled();
    expect(onWait).toHaveBeenCalledOnce();
  });
});

describe('a wait', () => {
  it('rejects with the reason of its signal, and delivery goes on', async () => {
    const { tracker, opened } = memoryTracker();
    const { entry, receipt } = opened('a');
    const controller = new AbortController();
    const reason = new Error('the request was cancelled');
    const waits = [receipt.settled({ signal: controller.signal }), receipt.stored({ signal: controller.signal })];
    controller.abort(reason);
    for (const wait of waits) await expect(wait).rejects.toBe(reason);
    tracker.settle(entry, DELIVERED);
    expect(await receipt.settled()).toEqual(DELIVERED);
  });

  it('rejects at once if its signal is already aborted', async () => {
    const { receipt } = memoryTracker().opened('a');
    const reason = new Error('too late');
    await expect(receipt.settled({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('resolves at once if the outcome is known, even with an aborted signal', async () => {
    const { tracker, opened } = memoryTracker();
    const { entry, receipt } = opened('a');
    tracker.settle(entry, DELIVERED);
    expect(await receipt.settled({ signal: AbortSignal.abort() })).toEqual(DELIVERED);
  });

  it('times out even if it also has a signal', async () => {
    const { receipt } = memoryTracker().opened('a');
    const { signal } = new AbortController();
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    // Its own timer: Node 20 may collect the timeout of a combined signal as garbage.
    const wait = receipt.settled({ timeoutMs: 20, signal });
    vi.advanceTimersByTime(20);
    await expect(wait).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('times out with a TimeoutError that names the event', async () => {
    const { receipt } = memoryTracker().opened('a');
    const message = 'event a is not settled within 0 ms; delivery goes on.';
    await expect(receipt.settled({ timeoutMs: 0 })).rejects.toMatchObject({ name: 'TimeoutError', message });
  });

  it.each([Number.NaN, '20', null])('refuses a limit that is no number of milliseconds: %o', async (timeoutMs) => {
    const { tracker, opened } = memoryTracker();
    const { entry, receipt } = opened('a');
    const wrong = { timeoutMs: timeoutMs as number };
    const refused = { code: 'invalid_option', message: expect.stringContaining('timeoutMs must be a number') };
    await expect(receipt.settled(wrong)).rejects.toMatchObject(refused);
    tracker.settle(entry, DELIVERED);
    await expect(receipt.stored(wrong)).rejects.toMatchObject(refused);
  });

  it('removes its listener from the signal', async () => {
    const { tracker, opened } = memoryTracker();
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
  it('rejects current and later waits, because this client will learn nothing more', async () => {
    const { counts, close, opened } = memoryTracker();
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

  it('keeps its outcome', async () => {
    const { tracker, close, opened } = memoryTracker();
    const { entry, receipt } = opened('a');
    tracker.settle(entry, REJECTED);
    close();
    expect(await receipt.settled()).toEqual(REJECTED);
  });
});

it('a receipt allocates no promise until a caller waits', async () => {
  let promises = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === 'PROMISE') promises += 1;
    },
  });
  const { tracker } = memoryTracker();
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
