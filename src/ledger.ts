import { Books, type Totals } from './books.js';
import type { Outcome } from './outcome.js';
import type { Entry } from './protocol/event.js';
import { OpenReceipt, type Receipt } from './receipt.js';

/** The books of a client: which events are open, how the others ended, who waits for what. */
export interface Ledger {
  readonly isClosed: boolean;
  /** Events whose outcome this client is waiting for. */
  readonly openCount: number;
  readonly totals: Totals;
  /** Opens an event that is about to be appended; marks the entry, to know it again when the outbox hands it out. */
  open(entry: Entry): Receipt;
  /** A receipt for an event that ended at the call. */
  openSettled(distinctId: string, outcome: Outcome): Receipt;
  /** Ends an event; `false` when there is nothing to tell about it, because it had ended before. */
  settle(entry: Entry, outcome: Outcome): boolean;
  /** Resolves when every event opened before this call has an outcome. */
  barrier(signals?: readonly AbortSignal[]): Promise<void>;
  /** Tells whoever waits that nothing more will come. */
  close(): void;
}

/** The ledger of a client whose outbox hands back the very entries it was given: each carries its receipt. */
export class MemoryLedger implements Ledger {
  readonly #books = new Books();
  readonly #watched = new Set<OpenReceipt>();
  readonly #onWait: () => void;

  /** @param onWait somebody has begun to wait for an event */
  constructor(onWait: () => void) {
    this.#onWait = onWait;
  }

  get isClosed(): boolean {
    return this.#books.isEnded;
  }

  get openCount(): number {
    return this.#books.openCount;
  }

  get totals(): Totals {
    return this.#books.totals;
  }

  open(entry: Entry): Receipt {
    const receipt = new OpenReceipt(entry.distinctId, this.#books.open(), this);
    entry.owner = receipt;
    return receipt;
  }

  openSettled(distinctId: string, outcome: Outcome): Receipt {
    this.#books.count(outcome);
    const receipt = new OpenReceipt(distinctId, 0, this);
    receipt.enter(outcome);
    return receipt;
  }

  settle(entry: Entry, outcome: Outcome): boolean {
    const receipt = entry.owner;
    if (!(receipt instanceof OpenReceipt)) return false;
    // An entry whose lease ended too soon comes back twice, and counts once.
    entry.owner = undefined;
    receipt.enter(outcome);
    if (this.#watched.size > 0) this.#watched.delete(receipt);
    this.#books.close(receipt.order, outcome);
    return true;
  }

  barrier(signals?: readonly AbortSignal[]): Promise<void> {
    return this.#books.barrier(signals);
  }

  watch(receipt: OpenReceipt): void {
    this.#watched.add(receipt);
    this.#onWait();
  }

  unwatch(receipt: OpenReceipt): void {
    this.#watched.delete(receipt);
  }

  close(): void {
    this.#books.end();
    for (const receipt of this.#watched) receipt.leave();
    this.#watched.clear();
  }
}
