import type { Outcome, Undelivered } from '../core/outcome.js';
import type { Hold } from '../core/timers.js';
import type { Entry } from '../protocol/event.js';
import type { DeliveryCounts } from './delivery-counts.js';
import { sourceIn } from './owner.js';
import type { Appended, DurablyAppended, StoreMark } from './polled-outbox.js';
import { OpenReceipt, type Receipt, type ReceiptHost } from './receipt.js';
import type { ReceiptTracker } from './receipt-tracker.js';
import { SequenceSet } from './sequence-set.js';

export interface SharedTrackerOptions {
  readonly counts: DeliveryCounts;
  /** Distinguishes this client's entries from those of every other client, past and present. */
  readonly clientId: string;
  /** Whether this client delivers. If not, it closes its events as soon as they are stored. */
  readonly relays: boolean;
  /** Its source, in its entries. */
  readonly source: string;
  /** An event of another source was delivered. */
  readonly onForeign: () => void;
  /** The outbox lost its contents while it held this many of the client's events. */
  readonly onLoss: (events: number) => void;
  /** A caller has started to wait for the outcome of a stored event. */
  readonly onWait: (distinctId: string) => void;
}

/**
 * Polls for which an event that was closed as another process's is remembered, and up to twice as many. This client's relay
 * settles it within 15 s of the claim's last request, however slow its outbox is, and polls are at least a second apart.
 */
const POLLS_REMEMBERED = 30;

const STORE_LOST: Outcome = { status: 'unknown', reason: 'store_lost' };

/** A client's progress in its outbox: every event up to this sequence number is at the mark's position or before it. */
export interface Progress {
  readonly sequence: number;
  /** The store's mark after the last append; `undefined` before the first. */
  readonly mark: StoreMark | undefined;
}

/** Whether an outbox can tell the outcome of an event later: delivered events are gone from it, and the others are dead letters. */
function isTraceable(outcome: Outcome): boolean {
  return outcome.status !== 'unknown' && !(outcome.status === 'dropped' && outcome.reason === 'forgotten');
}

/** Whether a store may have lost confirmed entries between two marks. */
export function isLoss(before: StoreMark | undefined, now: StoreMark): boolean {
  return before !== undefined && (now.incarnation !== before.incarnation || now.position < before.position);
}

/**
 * The tracker of a client whose outbox is durable. Stored events are only counted, so memory stays flat however long the service
 * is down: an entry carries its sequence number as a string, which identifies it when it is claimed. A receipt is kept only
 * while it is being stored or waited for.
 *
 * Other processes may deliver what this one appended. Such events are found missing from the outbox: {@link closeMissing}
 * closes them, {@link resolveWatched} resolves waiting receipts. Absence means delivery only while the outbox keeps its
 * contents: once its mark shows a loss, an event confirmed earlier becomes `unknown`, unless this client's own relay had
 * claimed it and settles it later.
 */
export class SharedTracker implements ReceiptTracker, ReceiptHost {
  readonly #options: SharedTrackerOptions;
  readonly #counts: DeliveryCounts;
  readonly #open = new SequenceSet();
  /** Events that were closed as unknown. */
  readonly #unknown = new SequenceSet();
  /** Events that were lately closed as another process's. Only lately, because there may be millions. */
  #elsewhere = new SequenceSet();
  /** Those of the {@link POLLS_REMEMBERED} polls before. */
  #elsewhereBefore = new SequenceSet();
  #polls = 0;
  /** The store lost its contents after confirming the events up to this sequence number. */
  #lostUpTo = 0;
  /** By sequence number: outcomes of which the outbox keeps no trace, because it was asked to forget the events. */
  readonly #forgotten = new Map<number, Outcome>();
  readonly #storing = new Map<Entry, OpenReceipt>();
  /** Receipts of stored events that callers wait for, by id. */
  readonly #watched = new Map<string, Set<OpenReceipt>>();
  /** Open events whose id was already inside when they were appended: they get the first one's outcome. */
  readonly #duplicates = new Map<string, number[]>();
  #progress: Progress = { sequence: 0, mark: undefined };

  constructor(options: SharedTrackerOptions) {
    this.#options = options;
    this.#counts = options.counts;
  }

  get hold(): Hold {
    return this.#counts.hold;
  }

  get progress(): Progress {
    // When appends overtake each other, those after an unfinished one do not count yet.
    const [first] = this.#storing.values();
    return first === undefined
      ? this.#progress
      : { ...this.#progress, sequence: Math.min(this.#progress.sequence, first.sequence - 1) };
  }

  /** Ids of stored events that callers wait for, least recently looked up first. */
  watchedIds(limit: number): readonly string[] {
    const ids: string[] = [];
    for (const distinctId of this.#watched.keys()) {
      if (ids.length === limit) break;
      ids.push(distinctId);
    }
    return ids;
  }

  open(entry: Entry): Receipt {
    const sequence = this.#counts.open();
    const receipt = new OpenReceipt(entry.distinctId, sequence, this);
    entry.owner = `${this.#options.clientId}.${sequence}.${this.#options.source}`;
    this.#open.add(sequence);
    this.#storing.set(entry, receipt);
    return receipt;
  }

  /** The entries are stored, or were already inside. */
  appended(entries: readonly Entry[], answer: Appended): void {
    const { duplicates, position, incarnation } = answer as DurablyAppended;
    const { relays } = this.#options;
    const { mark: before } = this.#progress;
    const isSameStore = before === undefined || before.incarnation === incarnation;
    if (!isSameStore) this.#lostUpTo = this.#progress.sequence;
    let last = this.#progress.sequence;
    for (const entry of entries) {
      const receipt = this.#storing.get(entry);
      if (receipt === undefined) continue;
      this.#storing.delete(entry);
      receipt.enter(relays ? 'stored' : 'elsewhere');
      last = Math.max(last, receipt.sequence);
      if (relays) continue;
      this.#open.delete(receipt.sequence);
      this.#counts.closeElsewhere(receipt.sequence);
    }
    for (const entry of relays ? duplicates : []) {
      const sequence = this.#sequenceOf(entry)!;
      const others = this.#duplicates.get(entry.distinctId);
      if (others === undefined) this.#duplicates.set(entry.distinctId, [sequence]);
      else others.push(sequence);
    }
    // Results may arrive out of order, as appends may.
    const reached = isSameStore ? Math.max(position, before?.position ?? 0) : position;
    this.#progress = { sequence: last, mark: { incarnation, position: reached } };
  }

  settle(entry: Entry, outcome: Outcome): boolean {
    const { distinctId, owner } = entry;
    if (outcome.status === 'delivered' && this.#isForeign(owner)) this.#options.onForeign();
    const storing = this.#storing.get(entry);
    storing?.enter(outcome);
    this.#storing.delete(entry);
    this.#tell(distinctId, outcome);
    for (const sequence of this.#duplicates.get(distinctId) ?? []) this.#count(sequence, outcome);
    this.#duplicates.delete(distinctId);
    const sequence = this.#sequenceOf(entry);
    // Another process's event is reported too.
    if (sequence === undefined) return true;
    if (storing === undefined && !isTraceable(outcome) && this.#open.has(sequence)) {
      this.#forgotten.set(sequence, outcome);
    }
    return this.#count(sequence, outcome);
  }

  /** Returns `false` if it was counted before: an event whose lease expired too early is claimed twice and counts once. */
  #count(sequence: number, outcome: Outcome): boolean {
    if (this.#open.delete(sequence)) this.#counts.close(sequence, outcome);
    else if (this.#unknown.delete(sequence)) this.#counts.resolveUnknown(outcome);
    else if (this.#elsewhere.delete(sequence) || this.#elsewhereBefore.delete(sequence)) {
      this.#counts.resolveElsewhere(outcome);
    } else return false;
    return true;
  }

  /** Entries whose append is unfinished. */
  unconfirmed(): readonly Entry[] {
    return [...this.#storing.keys()];
  }

  /** The store lost its contents: its mark `now` shows that, compared with the mark of `progress`. */
  noteLoss(progress: Progress, now: StoreMark): void {
    this.#lostUpTo = Math.max(this.#lostUpTo, progress.sequence);
    // Unless an append has finished since, the next comparison is with the current store.
    if (this.#progress.mark !== progress.mark) return;
    this.#progress = { ...this.#progress, mark: now };
  }

  /** Applies a look-up of watched events. An event the outbox does not know was delivered, unless the store lost it. */
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

  /** Resolves the receipts of an event that is neither inside nor a dead letter. */
  #conclude(distinctId: string, hasLoss: boolean): void {
    const [receipt] = this.#watched.get(distinctId) ?? [];
    if (receipt === undefined) return;
    const forgotten = this.#forgotten.get(receipt.sequence);
    if (forgotten !== undefined) this.#tell(distinctId, forgotten);
    else if (!hasLoss && receipt.sequence > this.#lostUpTo) this.#tell(distinctId, { status: 'delivered' });
    // While it is open, this client's own relay may be delivering it.
    else if (this.#open.has(receipt.sequence)) this.#putLast(distinctId);
    else this.#tell(distinctId, STORE_LOST);
  }

  /**
   * Closes open events up to this sequence number: the outbox no longer holds them, and this client's relay has not settled them.
   * Called once in each poll, with 0 if there are none. An outbox may confirm so late what it has done that the relay settles some
   * of them afterwards.
   */
  closeMissing(last: number): void {
    this.#polls += 1;
    if (this.#polls % POLLS_REMEMBERED === 0) this.#forgetElsewhere();
    if (last === 0) return;
    let lost = 0;
    for (const one of this.#open.upTo(last)) {
      this.#open.delete(one);
      if (one > this.#lostUpTo) {
        this.#elsewhere.add(one);
        this.#counts.closeElsewhere(one);
        continue;
      }
      this.#unknown.add(one);
      this.#counts.close(one, STORE_LOST);
      lost += 1;
    }
    if (lost > 0) this.#options.onLoss(lost);
  }

  #forgetElsewhere(): void {
    this.#elsewhereBefore = this.#elsewhere;
    this.#elsewhere = new SequenceSet();
    const sets = [this.#open, this.#elsewhereBefore];
    for (const [distinctId, sequences] of this.#duplicates) {
      if (!sequences.some((one) => sets.some((set) => set.has(one)))) this.#duplicates.delete(distinctId);
    }
  }

  watch(receipt: OpenReceipt): boolean {
    if (this.#counts.isEnded) return false;
    // The commit is already under way.
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
    for (const receipt of this.#storing.values()) receipt.abandon();
    for (const receipts of this.#watched.values()) for (const receipt of receipts) receipt.abandon();
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

  #isForeign(owner: unknown): boolean {
    const source = sourceIn(owner);
    return source !== undefined && source !== this.#options.source;
  }

  /** The sequence number of one of this client's entries; `undefined` for another client's entry. */
  #sequenceOf({ owner }: Entry): number | undefined {
    if (typeof owner !== 'string') return undefined;
    const [clientId, sequence] = owner.split('.');
    return clientId === this.#options.clientId ? Number(sequence) : undefined;
  }
}
