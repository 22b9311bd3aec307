import type { OutboxHost } from './outbox-host.js';
import { OutboxPoller } from './outbox-poller.js';
import { sourceOf } from './owner.js';
import type { PolledOutbox } from './polled-outbox.js';
import type { ReceiptTracker } from './receipt-tracker.js';
import { SharedTracker } from './shared-tracker.js';
import { registerSharedTracker } from './tracker-registry.js';

/** Creates a client's tracker for an outbox that other processes use too, and polls that outbox until the tracker is closed. */
function createSharedTracker(outbox: PolledOutbox, client: OutboxHost): ReceiptTracker {
  const { counts, id: clientId, relays, warnings } = client;
  const tracker = new SharedTracker({
    counts,
    clientId,
    relays,
    source: sourceOf(client.token),
    onForeign: () =>
      warnings.once(
        'source',
        'events that were tracked with another token are delivered with the token of this client. That is right after the token was replaced. Otherwise two sources share this outbox: give each its own table, name or file.',
      ),
    onLoss: (events) =>
      warnings.throttled(
        'store_lost',
        `the outbox was emptied, replaced or restored, or its server restarted: for ${events} events it had stored it is not known whether they were delivered. Sending them again with the same distinctId is safe.`,
      ),
    onWait(distinctId) {
      client.flushNow();
      poller.ask(distinctId);
    },
  });
  const poller = new OutboxPoller({ outbox, tracker, client });
  if (relays) poller.start();
  return {
    open: (entry) => tracker.open(entry),
    appended: (entries, answer) => tracker.appended(entries, answer),
    unconfirmed: () => tracker.unconfirmed(),
    settle: (entry, outcome) => tracker.settle(entry, outcome),
    close() {
      poller.stop();
      tracker.close();
    },
  };
}

/** Makes durable outboxes work in this bundle. Calling it again changes nothing. */
export function enableSharedTracker(): void {
  registerSharedTracker(createSharedTracker);
}
