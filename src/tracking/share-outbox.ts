import type { DurableOutbox } from '../outbox/outbox.js';
import { Rounds } from './outbox-poller.js';
import type { Ledger } from './receipt-tracker.js';
import { SharedLedger } from './shared-tracker.js';
import type { SharingClient } from './sharing-client.js';

/**
 * Keeps a client's ledger of an outbox that other processes use as well, and looks into that outbox for as long as the client
 * lives. Durable outboxes bring it along, so that a client whose events wait in memory does not carry it.
 */
export function shareOutbox(outbox: DurableOutbox, client: SharingClient): Ledger {
  const { books, id: clientId, relays } = client;
  const ledger = new SharedLedger({
    books,
    clientId,
    relays,
    onLoss: client.onLoss,
    onWait(distinctId) {
      client.hurry();
      rounds.ask(distinctId);
    },
  });
  const rounds = new Rounds({ outbox, ledger, client });
  if (relays) rounds.start();
  return {
    open: (entry) => ledger.open(entry),
    appended: (entries, answer) => ledger.appended(entries, answer),
    unconfirmed: () => ledger.unconfirmed(),
    settle: (entry, outcome) => ledger.settle(entry, outcome),
    close() {
      rounds.stop();
      ledger.close();
    },
  };
}
