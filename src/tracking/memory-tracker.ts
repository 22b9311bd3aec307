import { failOption } from '../core/check-option.js';
import type { DeliveryCounts } from './delivery-counts.js';
import { OpenReceipt, type ReceiptHost } from './receipt.js';
import type { ReceiptTracker } from './receipt-tracker.js';

/** The memory outboxes that clients have, open or closed. */
const taken = new WeakSet<object>();

/**
 * The tracker of a client with a memory outbox, which returns the same entry objects: each entry carries its receipt. So the outbox
 * belongs to one client, even after that is closed: another would send what is left with its own token, and count it.
 *
 * @param onWait called when a caller starts to wait for an event
 * @throws {OursError} `invalid_option` if another client has or had the outbox
 */
export function createMemoryTracker(outbox: object, counts: DeliveryCounts, onWait: () => void): ReceiptTracker {
  if (taken.has(outbox)) failOption('outbox belongs to another client: give each client its own memory outbox.');
  taken.add(outbox);
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
