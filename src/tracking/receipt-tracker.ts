import type { Outcome } from '../core/outcome.js';
import type { Appended } from '../outbox/outbox.js';
import type { Entry } from '../protocol/event.js';
import type { Receipt } from './receipt.js';

/** Knows a client's entries again when the outbox hands them out, and tells whoever waits for one. */
export interface ReceiptTracker {
  /** Opens an event that is about to be appended; marks the entry, to know it again. */
  open(entry: Entry): Receipt;
  /** The outbox has taken the entries. */
  appended(entries: readonly Entry[], answer: Appended): void;
  /** Entries the outbox has not confirmed so far, though losing the process must not lose them. */
  unconfirmed(): readonly Entry[];
  /** Ends an event; `false` when there is nothing to tell about it, because it had ended before. */
  settle(entry: Entry, outcome: Outcome): boolean;
  /** The counts are ended: tells whoever waits that nothing more will come. */
  close(): void;
}
