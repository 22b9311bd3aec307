import { vi } from 'vitest';
import type { Outcome } from '../../src/core/outcome.js';
import type { Entry } from '../../src/protocol/event.js';
import { createDeliveryCounts } from '../../src/tracking/delivery-counts.js';
import { createMemoryTracker } from '../../src/tracking/memory-tracker.js';
import type { Receipt } from '../../src/tracking/receipt.js';
import { trackEntry } from '../support/entries.js';

export const DELIVERED: Outcome = { status: 'delivered' };
export const REJECTED: Outcome = { status: 'rejected', code: 'invalid_event', message: 'the service refused it' };
export const DROPPED: Outcome = { status: 'dropped', reason: 'queue_full' };

/** The counts and the tracker of a client with a memory outbox. */
export function memoryTracker() {
  const onWait = vi.fn();
  const counts = createDeliveryCounts();
  const tracker = createMemoryTracker({}, counts, onWait);
  return {
    counts,
    tracker,
    close() {
      counts.end();
      tracker.close();
    },
    onWait,
    opened(id: string): { entry: Entry; receipt: Receipt } {
      const entry = trackEntry(id);
      return { entry, receipt: tracker.open(entry) };
    },
  };
}
