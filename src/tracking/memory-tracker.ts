import type { DeliveryCounts } from './delivery-counts.js';
import { OpenReceipt, type ReceiptHost } from './receipt.js';
import type { ReceiptTracker } from './receipt-tracker.js';

/**
 * The tracker of a client whose outbox hands back the very entries it was given: each carries its receipt.
 *
 * @param onWait somebody has begun to wait for an event
 */
export function createMemoryTracker(counts: DeliveryCounts, onWait: () => void): ReceiptTracker {
  const watched = new Set<OpenReceipt>();
  const desk: ReceiptHost = {
    watch(receipt) {
      if (counts.isEnded) return false;
      watched.add(receipt);
      onWait();
      return true;
    },
    unwatch: (receipt) => void watched.delete(receipt),
  };

  return {
    open(entry) {
      const receipt = new OpenReceipt(entry.distinctId, counts.open(), desk);
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
      counts.close(receipt.order, outcome);
      return true;
    },
    close() {
      for (const receipt of watched) receipt.leave();
    },
  };
}
