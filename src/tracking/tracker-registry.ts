import { failOption } from '../core/check-option.js';
import type { OutboxHost } from './outbox-host.js';
import type { PolledOutbox } from './polled-outbox.js';
import type { ReceiptTracker } from './receipt-tracker.js';

type CreateTracker = (outbox: PolledOutbox, client: OutboxHost) => ReceiptTracker;

let registered: CreateTracker | undefined;

/**
 * Registers the tracker for durable outboxes. The Node entry and every durable outbox of this package do so; the entry for
 * Workers does not, because a client with a memory outbox would then bundle it.
 */
export function registerSharedTracker(create: CreateTracker): void {
  registered = create;
}

/**
 * Creates the tracker of a client whose outbox is durable.
 *
 * @throws {OursError} `invalid_option` if none is registered
 */
export const sharedTrackerFor: CreateTracker = (outbox, client) => {
  if (registered === undefined) {
    failOption('outbox must come from ours-ingest/outbox/… on this runtime.');
  }
  return registered(outbox, client);
};
