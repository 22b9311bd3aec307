import type { Appended, DurablyAppended } from '../outbox/outbox.js';
import type { Outcome, Undelivered } from '../outcome.js';
import type { Entry } from '../protocol/event.js';
import type { Books } from './books.js';
import type { Ledger } from './ledger.js';
import { OpenNumbers } from './open-numbers.js';
import { type Desk, OpenReceipt, type Receipt } from './receipt.js';

export interface SharedLedgerOptions {
  readonly books: Books;
  /** Tells this client's entries from those of every other one, past and present. */
  readonly clientId: string;
  /** Whether this client will hear how its events end; otherwise they are handed over as soon as they are stored. */
  readonly relays: boolean;
  /** Somebody has begun to wait for the end of a stored event. */
  readonly onWait: (distinctId: string) => void;
}

/** Where a client stands in its outbox: every event up to this number lies at this position or before it. */
export interface Progress {
  readonly order: number;
  readonly position: number;
}

/**
 * The ledger of a client whose outbox outlives it. What is stored is only counted, so that memory stays flat however long the
 * service is away: an entry carries its number as text and is known by that when it comes back. A receipt is kept while it
 * is being stored or waited for.
 *
 * Other processes may deliver what this one has appended. Such events are found missing from the outbox: {@link leftBehind}
 * closes those, {@link learn} tells whoever waits for one.
 */
export class SharedLedger implements Ledger, Desk {
  readonly #options: SharedLedgerOptions;
  readonly #books: Books;
  readonly #open = new OpenNumbers();
  readonly #storing = new Map<Entry, OpenReceipt>();
  /** Stored events somebody waits for, by id. */
  readonly #watched = new Map<string, Set<OpenReceipt>>();
  /** Open events whose id was inside already when they came: they end as the first one does. */
  readonly #duplicates = new Map<string, number[]>();
  #progress: Progress = { order: 0, position: Number.NEGATIVE_INFINITY };

  constructor(options: SharedLedgerOptions) {
    this.#options = options;
    this.#books = options.books;
  }

  get progress(): Progress {
    // Where appends overtake each other, those after one that is still under way do not count yet.
    const [first] = this.#storing.values();
    return first === undefined
      ? this.#progress
      : { ...this.#progress, order: Math.min(this.#progress.order, first.order - 1) };
  }

  /** Some of the stored events that somebody waits for, those first that were not asked for lately. */
  watchedIds(limit: number): readonly string[] {
    const ids: string[] = [];
    for (const distinctId of this.#watched.keys()) {
      if (ids.length === limit) break;
      ids.push(distinctId);
    }
    return ids;
  }

  open(entry: Entry): Receipt {
    const order = this.#books.open();
    const receipt = new OpenReceipt(entry.distinctId, order, this);
    entry.owner = `${this.#options.clientId}.${order}`;
    this.#open.add(order);
    this.#storing.set(entry, receipt);
    return receipt;
  }

  /** The entries are stored, or were inside already. */
  appended(entries: readonly Entry[], answer: Appended): void {
    const { duplicates, position } = answer as DurablyAppended;
    const { relays } = this.#options;
    let last = this.#progress.order;
    for (const entry of entries) {
      const receipt = this.#storing.get(entry);
      if (receipt === undefined) continue;
      this.#storing.delete(entry);
      receipt.enter(relays ? 'stored' : 'handed over');
      last = Math.max(last, receipt.order);
      if (relays) continue;
      this.#open.delete(receipt.order);
      this.#books.handOver(receipt.order);
    }
    for (const entry of relays ? duplicates : []) {
      const order = this.#orderOf(entry)!;
      const others = this.#duplicates.get(entry.distinctId);
      if (others === undefined) this.#duplicates.set(entry.distinctId, [order]);
      else others.push(order);
    }
    this.#progress = { order: last, position: Math.max(position, this.#progress.position) };
  }

  settle(entry: Entry, outcome: Outcome): boolean {
    const { distinctId } = entry;
    this.#storing.get(entry)?.enter(outcome);
    this.#storing.delete(entry);
    this.#tell(distinctId, outcome);
    for (const order of this.#duplicates.get(distinctId) ?? []) {
      if (this.#open.delete(order)) this.#books.close(order, outcome);
    }
    this.#duplicates.delete(distinctId);
    const order = this.#orderOf(entry);
    // Another process's: its outcome is news here.
    if (order === undefined) return true;
    // It may come back twice, after a lease that ended too soon, and counts once.
    if (!this.#open.delete(order)) return false;
    this.#books.close(order, outcome);
    return true;
  }

  /** Some watched events, and those of them that the outbox still knows: the others have been delivered. */
  learn(distinctIds: readonly string[], known: ReadonlyMap<string, 'inside' | Undelivered>): void {
    for (const distinctId of distinctIds) {
      const found = known.get(distinctId) ?? { status: 'delivered' };
      if (found !== 'inside') this.#tell(distinctId, found);
      else this.#putLast(distinctId);
    }
  }

  /** Closes what is open up to this number: the outbox no longer has it, and this client's relay has not heard of it. */
  leftBehind(order: number): void {
    if (order === 0) return;
    for (const one of this.#open.upTo(order)) {
      this.#open.delete(one);
      this.#books.handOver(one);
    }
    for (const [distinctId, orders] of this.#duplicates) {
      if (orders.every((one) => one <= order)) this.#duplicates.delete(distinctId);
    }
  }

  watch(receipt: OpenReceipt): boolean {
    if (this.#books.isEnded) return false;
    // The commit comes by itself, whoever waits for it.
    if (!receipt.isStored) return true;
    const { distinctId } = receipt;
    const others = this.#watched.get(distinctId);
    if (others === undefined) this.#watched.set(distinctId, new Set([receipt]));
    else others.add(receipt);
    this.#options.onWait(distinctId);
    return true;
  }

  unwatch(receipt: OpenReceipt): void {
    const receipts = this.#watched.get(receipt.distinctId);
    receipts?.delete(receipt);
    if (receipts?.size === 0) this.#watched.delete(receipt.distinctId);
  }

  close(): void {
    for (const receipt of this.#storing.values()) receipt.leave();
    for (const receipts of this.#watched.values()) for (const receipt of receipts) receipt.leave();
    this.#watched.clear();
  }

  #putLast(distinctId: string): void {
    const receipts = this.#watched.get(distinctId);
    if (receipts === undefined) return;
    this.#watched.delete(distinctId);
    this.#watched.set(distinctId, receipts);
  }

  #tell(distinctId: string, outcome: Outcome): void {
    const receipts = this.#watched.get(distinctId);
    if (receipts === undefined) return;
    this.#watched.delete(distinctId);
    for (const receipt of receipts) receipt.enter(outcome);
  }

  /** The number of one of this client's entries; `undefined` for another's. */
  #orderOf({ owner }: Entry): number | undefined {
    if (typeof owner !== 'string') return undefined;
    const [clientId, order] = owner.split('.');
    return clientId === this.#options.clientId ? Number(order) : undefined;
  }
}
