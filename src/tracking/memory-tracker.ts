import type { Books } from './delivery-counts.js';
import { type Desk, OpenReceipt } from './receipt.js';
import type { Ledger } from './receipt-tracker.js';

/**
 * The ledger of a client whose outbox hands back the very entries it was given: each carries its receipt.
 *
 * @param onWait somebody has begun to wait for an event
 */
export function createMemoryLedger(books: Books, onWait: () => void): Ledger {
  const watched = new Set<OpenReceipt>();
  const desk: Desk = {
    watch(receipt) {
      if (books.isEnded) return false;
      watched.add(receipt);
      onWait();
      return true;
    },
    unwatch: (receipt) => void watched.delete(receipt),
  };

  return {
    open(entry) {
      const receipt = new OpenReceipt(entry.distinctId, books.open(), desk);
      entry.owner = receipt;
      return receipt;
    },
    appended() {},
    unconfirmed: () => [],
    settle(entry, outcome) {
      const receipt = entry.owner;
      if (!(receipt instanceof OpenReceipt)) return false;
      // An entry whose lease ended too soon comes back twice, and counts once.
      entry.owner = undefined;
      receipt.enter(outcome);
      if (watched.size > 0) watched.delete(receipt);
      books.close(receipt.order, outcome);
      return true;
    },
    close() {
      for (const receipt of watched) receipt.leave();
    },
  };
}
