import type { DurableOutbox } from '../outbox/outbox.js';
import type { Books } from './books.js';
import type { Ledger } from './ledger.js';
import { Rounds } from './rounds.js';
import { SharedLedger } from './shared-ledger.js';

/** A client as an outbox sees it that others use as well. */
export interface SharingClient {
  readonly books: Books;
  /** Tells its entries from those of every other client, past and present. */
  readonly id: string;
  /** Whether it delivers. */
  readonly relays: boolean;
  /** How often it looks for what others have left or settled, in milliseconds. */
  readonly intervalMs: number;
  /** Sends whatever is in the outbox. */
  readonly hurry: () => void;
  /** Sends it soon, with what else comes. */
  readonly wake: () => void;
}

/**
 * Keeps a client's ledger of an outbox that other processes use as well, and looks into that outbox for as long as the client
 * lives. Durable outboxes bring it along, so that a client whose events wait in memory does not carry it.
 */
export function shareOutbox(outbox: DurableOutbox, client: SharingClient): Ledger {
  const { books, id: clientId, relays, intervalMs, hurry, wake } = client;
  const ledger = new SharedLedger({
    books,
    clientId,
    relays,
    onWait(distinctId) {
      hurry();
      rounds.ask(distinctId);
    },
  });
  const rounds = new Rounds({ outbox, ledger, books, intervalMs, hurry, wake });
  if (relays) rounds.start();
  return {
    open: (entry) => ledger.open(entry),
    appended: (entries, answer) => ledger.appended(entries, answer),
    settle: (entry, outcome) => ledger.settle(entry, outcome),
    close() {
      rounds.stop();
      ledger.close();
    },
  };
}
