import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { OutboxPoller } from '../../src/tracking/outbox-poller.js';
import type { PolledOutbox } from '../../src/tracking/polled-outbox.js';
import type { SharedTracker } from '../../src/tracking/shared-tracker.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A poller whose tracker has had one event confirmed, at position 1. */
function poller() {
  const outbox = {
    lookUp: vi.fn(async () => new Map()),
    oldest: vi.fn(async (): Promise<{ position: number } | undefined> => ({ position: 1 })),
    mark: vi.fn(async () => ({ incarnation: 'one', position: 1 })),
    unwatch: vi.fn(),
    watch: vi.fn(() => outbox.unwatch),
  };
  const tracker = {
    progress: { sequence: 5, mark: { incarnation: 'one', position: 1 } },
    watchedIds: vi.fn((): string[] => []),
    resolveWatched: vi.fn(),
    closeMissing: vi.fn(),
    noteLoss: vi.fn(),
  };
  const client = { counts: { openCount: 1 }, intervalMs: 1_000, schedule: vi.fn(), flushNow: vi.fn() };
  const made = new OutboxPoller({
    outbox: outbox as unknown as PolledOutbox,
    tracker: tracker as unknown as SharedTracker,
    client: client as never,
  });
  return { made, outbox, tracker, client };
}

it('polls in the next tick, then in each interval, until it is stopped', async () => {
  const { made, outbox, client } = poller();
  made.start();
  expect(client.flushNow).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(client.flushNow).toHaveBeenCalledTimes(3);
  expect(outbox.watch).toHaveBeenCalledExactlyOnceWith(client.schedule);
  made.stop();
  expect(outbox.unwatch).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(client.flushNow).toHaveBeenCalledTimes(3);
});

it('closes events that are gone one round later, when this client has settled its own', async () => {
  const { made, outbox, tracker } = poller();
  outbox.oldest.mockResolvedValue(undefined);
  made.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(tracker.closeMissing).toHaveBeenLastCalledWith(0);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(tracker.closeMissing).toHaveBeenLastCalledWith(5);
  made.stop();
});

it('closes nothing while the outbox still holds an event at its position', async () => {
  const { made, tracker } = poller();
  made.start();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(tracker.closeMissing.mock.calls.flat()).toEqual([0, 0, 0, 0]);
  made.stop();
});

it('reports a loss if the outbox has fallen back to an older copy', async () => {
  const { made, outbox, tracker } = poller();
  outbox.mark.mockResolvedValue({ incarnation: 'one', position: 0 });
  made.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(tracker.noteLoss).toHaveBeenCalledOnce();
  made.stop();
});

it('does not ask the outbox about its own events while none is open', async () => {
  const { made, outbox, client } = poller();
  client.counts.openCount = 0;
  made.start();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(outbox.oldest).not.toHaveBeenCalled();
  made.stop();
});

it('looks up ids that arrive during a look-up together', async () => {
  const { made, outbox, tracker } = poller();
  for (const id of ['a', 'b', 'c']) made.ask(id);
  await vi.advanceTimersByTimeAsync(0);
  expect(outbox.lookUp.mock.calls).toEqual([[['a']], [['b', 'c']]]);
  expect(tracker.resolveWatched).toHaveBeenCalledTimes(2);
});

it('resolves nothing if the outbox fails, and looks again in the next round', async () => {
  const { made, outbox, tracker } = poller();
  tracker.watchedIds.mockReturnValue(['a']);
  outbox.lookUp.mockRejectedValueOnce(new Error('the connection was lost'));
  made.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(tracker.resolveWatched).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(tracker.resolveWatched).toHaveBeenCalledOnce();
  made.stop();
});
