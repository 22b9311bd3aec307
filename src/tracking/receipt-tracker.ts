import type { Outcome } from '../core/outcome.js';
import type { Entry } from '../protocol/event.js';
import type { Appended } from './polled-outbox.js';
import type { Receipt } from './receipt.js';

/** Recognises a client's entries when the outbox returns them, and settles their receipts. */
export interface ReceiptTracker {
  /** Opens an event that is about to be appended, and marks its entry. */
  open(entry: Entry): Receipt;
  /** The outbox has accepted the entries. */
  appended(entries: readonly Entry[], answer: Appended): void;
  /** Entries that must survive the process and that the outbox has not confirmed yet. */
  unconfirmed(): readonly Entry[];
  /** Settles an event; returns `false` if it was settled before. */
  settle(entry: Entry, outcome: Outcome): boolean;
  /** Abandons all receipts, once the counts have ended. */
  close(): void;
}
