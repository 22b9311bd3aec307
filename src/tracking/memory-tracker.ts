import type { DeliveryCounts } from './delivery-counts.js';
import { OpenReceipt, type ReceiptHost } from './receipt.js';
import type { ReceiptTracker } from './receipt-tracker.js';

/**
 * The tracker of a client with a memory outbox, which returns the same entry objects: each entry carries its receipt.
 *
 * @param onWait called when a caller starts to wait for an event
 */
export function createMemoryTracker(counts: DeliveryCounts, onWait: () => void): ReceiptTracker {
  const watched = new Set<OpenReceipt>();
  const host: ReceiptHost = {
    watch(receipt) {
      if (counts.isEnded) return false;
      watched.add(receipt);
      onWait();
      return true;
    },
    unwatch: (receipt) => void watched.delete(receipt),
    hold: counts.hold,
  };

  return {
    open(entry) {
      const receipt = new OpenReceipt(entry.distinctId, counts.open(), host);
      entry.owner = receipt;
      return receipt;
    },
    appended() {},
    unconfirmed: () => [],
    settle(entry, outcome) {
      const receipt = entry.owner;
      if (!(receipt instanceof OpenReceipt)) return false;
      // An entry whose lease expired too early is claimed twice and counts once.
      entry.owner = undefined;
      receipt.enter(outcome);
      if (watched.size > 0) watched.delete(receipt);
      counts.close(receipt.sequence, outcome);
      return true;
    },
    close() {
      for (const receipt of watched) receipt.abandon();
    },
  };
}
