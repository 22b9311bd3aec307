import type { Outcome, Undelivered } from '../core/outcome.js';
import type { Appended, DurablyAppended, StoreMark } from '../outbox/outbox.js';
import type { Entry } from '../protocol/event.js';
import type { DeliveryCounts } from './delivery-counts.js';
import { OpenReceipt, type Receipt, type ReceiptHost } from './receipt.js';
import type { ReceiptTracker } from './receipt-tracker.js';
import { SequenceSet } from './sequence-set.js';

export interface SharedTrackerOptions {
  readonly counts: DeliveryCounts;
  /** Tells this client's entries from those of every other one, past and present. */
  readonly clientId: string;
  /** Whether this client will hear how its events end; otherwise they are handed over as soon as they are stored. */
  readonly relays: boolean;
  /** The outbox lost its contents while it held so many of this client's events. */
  readonly onLoss: (events: number) => void;
  /** Somebody has begun to wait for the end of a stored event. */
  readonly onWait: (distinctId: string) => void;
}

const STORE_LOST: Outcome = { status: 'unknown', reason: 'store_lost' };

/** Where a client stands in its outbox: every event up to this number is at the mark's position or before it. */
export interface Progress {
  readonly order: number;
  /** The store's, after the last append; `undefined` before the first one. */
  readonly mark: StoreMark | undefined;
}

/** Whether a store may have lost what it had confirmed before, given its mark then and now. */
export function isLoss(before: StoreMark | undefined, now: StoreMark): boolean {
  return before !== undefined && (now.incarnation !== before.incarnation || now.position < before.position);
}

/**
 * The tracker of a client whose outbox outlives it. What is stored is only counted, so that memory stays flat however long the
 * service is away: an entry carries its number as text and is known by that when it comes back. A receipt is kept while it
 * is being stored or waited for.
 *
 * Other processes may deliver what this one has appended. Such events are found missing from the outbox: {@link closeMissing}
 * closes those, {@link resolveWatched} resolves the receipts that wait. Absence means delivery only as long as the outbox keeps its
 * contents: once its mark shows a loss, an event that was confirmed before is `unknown`, unless this client's own relay had
 * claimed it and settles it later.
 */
export class SharedTracker implements ReceiptTracker, ReceiptHost {
  readonly #options: SharedTrackerOptions;
  readonly #counts: DeliveryCounts;
  readonly #open = new SequenceSet();
  /** Events that were closed as unknown. */
  readonly #unknown = new SequenceSet();
  /** The store lost its contents after it had confirmed the events up to this number. */
  #lostUpTo = 0;
  readonly #storing = new Map<Entry, OpenReceipt>();
  /** Stored events somebody waits for, by id. */
  readonly #watched = new Map<string, Set<OpenReceipt>>();
  /** Open events whose id was inside already when they came: they end as the first one does. */
  readonly #duplicates = new Map<string, number[]>();
  #progress: Progress = { order: 0, mark: undefined };

  constructor(options: SharedTrackerOptions) {
    this.#options = options;
    this.#counts = options.counts;
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
    const order = this.#counts.open();
    const receipt = new OpenReceipt(entry.distinctId, order, this);
    entry.owner = `${this.#options.clientId}.${order}`;
    this.#open.add(order);
    this.#storing.set(entry, receipt);
    return receipt;
  }

  /** The entries are stored, or were inside already. */
  appended(entries: readonly Entry[], answer: Appended): void {
    const { duplicates, position, incarnation } = answer as DurablyAppended;
    const { relays } = this.#options;
    const { mark: before } = this.#progress;
    const isSameStore = before === undefined || before.incarnation === incarnation;
    if (!isSameStore) this.#lostUpTo = this.#progress.order;
    let last = this.#progress.order;
    for (const entry of entries) {
      const receipt = this.#storing.get(entry);
      if (receipt === undefined) continue;
      this.#storing.delete(entry);
      receipt.enter(relays ? 'stored' : 'handed over');
      last = Math.max(last, receipt.order);
      if (relays) continue;
      this.#open.delete(receipt.order);
      this.#counts.handOver(receipt.order);
    }
    for (const entry of relays ? duplicates : []) {
      const order = this.#orderOf(entry)!;
      const others = this.#duplicates.get(entry.distinctId);
      if (others === undefined) this.#duplicates.set(entry.distinctId, [order]);
      else others.push(order);
    }
    // Where appends overtake each other, so do their answers.
    const reached = isSameStore ? Math.max(position, before?.position ?? 0) : position;
    this.#progress = { order: last, mark: { incarnation, position: reached } };
  }

  settle(entry: Entry, outcome: Outcome): boolean {
    const { distinctId } = entry;
    this.#storing.get(entry)?.enter(outcome);
    this.#storing.delete(entry);
    this.#tell(distinctId, outcome);
    for (const order of this.#duplicates.get(distinctId) ?? []) {
      if (this.#open.delete(order)) this.#counts.close(order, outcome);
    }
    this.#duplicates.delete(distinctId);
    const order = this.#orderOf(entry);
    // Another process's: its outcome is news here.
    if (order === undefined) return true;
    if (this.#open.delete(order)) {
      this.#counts.close(order, outcome);
      return true;
    }
    // After a lease that ended too soon an event comes back twice, and counts once.
    if (!this.#unknown.delete(order)) return false;
    this.#counts.resolveUnknown(outcome);
    return true;
  }

  /** Entries whose append has no answer so far. */
  unconfirmed(): readonly Entry[] {
    return [...this.#storing.keys()];
  }

  /** The store lost its contents: a mark of it shows that, compared with the one that `progress` had. */
  noteLoss(progress: Progress, now: StoreMark): void {
    this.#lostUpTo = Math.max(this.#lostUpTo, progress.order);
    // Unless an append has been answered since, the next comparison is with the store as it is now.
    if (this.#progress.mark !== progress.mark) return;
    this.#progress = { ...this.#progress, mark: now };
  }

  /** Takes what the outbox knows of some watched events. One it does not know was delivered, unless the store lost it. */
  resolveWatched(
    distinctIds: readonly string[],
    known: ReadonlyMap<string, 'inside' | Undelivered>,
    hasLoss: boolean,
  ): void {
    for (const distinctId of distinctIds) {
      const found = known.get(distinctId);
      if (found === 'inside') this.#putLast(distinctId);
      else if (found !== undefined) this.#tell(distinctId, found);
      else this.#conclude(distinctId, hasLoss);
    }
  }

  /** Resolves the receipts of an event that is neither inside nor dead. */
  #conclude(distinctId: string, hasLoss: boolean): void {
    const [receipt] = this.#watched.get(distinctId) ?? [];
    if (receipt === undefined) return;
    if (!hasLoss && receipt.order > this.#lostUpTo) this.#tell(distinctId, { status: 'delivered' });
    // While it is open, this client's own relay may be delivering it.
    else if (this.#open.has(receipt.order)) this.#putLast(distinctId);
    else this.#tell(distinctId, STORE_LOST);
  }

  /** Closes what is open up to this number: the outbox no longer has it, and this client's relay has not heard of it. */
  closeMissing(order: number): void {
    if (order === 0) return;
    let lost = 0;
    for (const one of this.#open.upTo(order)) {
      this.#open.delete(one);
      if (one > this.#lostUpTo) {
        this.#counts.handOver(one);
        continue;
      }
      this.#unknown.add(one);
      this.#counts.close(one, STORE_LOST);
      lost += 1;
    }
    if (lost > 0) this.#options.onLoss(lost);
    for (const [distinctId, orders] of this.#duplicates) {
      if (orders.every((one) => one <= order)) this.#duplicates.delete(distinctId);
    }
  }

  watch(receipt: OpenReceipt): boolean {
    if (this.#counts.isEnded) return false;
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
