import type { DurableOutbox } from '../outbox/outbox.js';
import type { OutboxHost } from './outbox-host.js';
import { OutboxPoller } from './outbox-poller.js';
import type { ReceiptTracker } from './receipt-tracker.js';
import { SharedTracker } from './shared-tracker.js';

/**
 * Keeps a client's tracker of an outbox that other processes use as well, and looks into that outbox for as long as the client
 * lives. Durable outboxes bring it along, so that a client whose events wait in memory does not carry it.
 */
export function shareOutbox(outbox: DurableOutbox, client: OutboxHost): ReceiptTracker {
  const { counts, id: clientId, relays } = client;
  const tracker = new SharedTracker({
    counts,
    clientId,
    relays,
    onLoss: client.onLoss,
    onWait(distinctId) {
      client.flushNow();
      rounds.ask(distinctId);
    },
  });
  const rounds = new OutboxPoller({ outbox, tracker, client });
  if (relays) rounds.start();
  return {
    open: (entry) => tracker.open(entry),
    appended: (entries, answer) => tracker.appended(entries, answer),
    unconfirmed: () => tracker.unconfirmed(),
    settle: (entry, outcome) => tracker.settle(entry, outcome),
    close() {
      rounds.stop();
      tracker.close();
    },
  };
}
