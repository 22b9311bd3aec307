import { later } from '../../core/timers.js';
import type { Entry } from '../../protocol/event.js';
import { followers, partition } from '../../protocol/followers.js';
import type { DurablyAppended } from '../../tracking/polled-outbox.js';
import { StoreError } from '../durable/store-error.js';

/** Maximum waiting entries. Bounds memory when a transaction with very many ids stays open. */
const MAX_WAITING = 10_000;
/** How long an entry waits for a transaction that does not end, such as one of a hung session. */
const WAIT_FOR_MS = 10 * 60_000;
const RETRY_MS = 200;
/** An attempt takes about a millisecond for each entry; attempts use at most a third of the time. */
const RETRY_PER_ENTRY_MS = 2;

/** Entries that share one result. */
export interface AppendedGroup {
  readonly entries: readonly Entry[];
  readonly appended: DurablyAppended;
}

/** An entry that is neither stored nor refused is contended. */
export interface AppendedEach {
  readonly stored: readonly AppendedGroup[];
  readonly refused: ReadonlyMap<Entry, StoreError>;
}

export type AppendFree = (entries: readonly Entry[]) => Promise<AppendedEach>;

interface Waiting {
  readonly until: number;
  readonly resolve: (appended: DurablyAppended) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Entries whose `distinctId` another transaction has inserted and neither committed nor rolled back: they are duplicates if it
 * commits, and are stored if it rolls back. In PostgreSQL an insert of such an id blocks until then, with everything else in the
 * same statement. So these entries wait here; behind a waiting identify, all later entries of its person wait too. The other
 * transaction may be an append of this process whose connection was lost.
 */
export class ContendedEntries {
  readonly #appendFree: AppendFree;
  readonly #waiting = new Map<Entry, Waiting>();
  readonly #counts = new Map<string, number>();
  #cancelRetry: (() => void) | undefined;

  /** @param appendFree if it rejects, every waiting entry is rejected */
  constructor(appendFree: AppendFree) {
    this.#appendFree = appendFree;
  }

  /** The entries that do not have to wait for a waiting one, in order. */
  without(entries: readonly Entry[]): readonly Entry[] {
    if (this.#counts.size === 0) return entries;
    const isBehind = followers([...this.#waiting.keys()]);
    return partition(entries, (entry) => this.#counts.has(entry.distinctId) || isBehind(entry))[1];
  }

  /** Resolves when the entry is stored or is a duplicate. The caller may ignore the promise. */
  wait(entry: Entry): Promise<DurablyAppended> {
    const appended = new Promise<DurablyAppended>((resolve, reject) => {
      if (this.#waiting.size >= MAX_WAITING)
        return reject(heldTooLong('too many events are waiting for such transactions'));
      this.#counts.set(entry.distinctId, (this.#counts.get(entry.distinctId) ?? 0) + 1);
      this.#waiting.set(entry, { until: performance.now() + WAIT_FOR_MS, resolve, reject });
    });
    appended.catch(() => {});
    this.#schedule();
    return appended;
  }

  /** Ends every wait. */
  stop(): void {
    this.#cancelRetry?.();
    this.#rejectAll(heldTooLong('the outbox was closed before it ended'));
  }

  #schedule(): void {
    if (this.#waiting.size === 0 || this.#cancelRetry !== undefined) return;
    this.#cancelRetry = later(RETRY_MS + this.#waiting.size * RETRY_PER_ENTRY_MS, () => void this.#retry());
  }

  async #retry(): Promise<void> {
    try {
      const { stored, refused } = await this.#appendFree([...this.#waiting.keys()]);
      for (const { entries, appended } of stored) {
        for (const entry of entries) this.#remove(entry)?.resolve(appended);
      }
      for (const [entry, reason] of refused) this.#remove(entry)?.reject(reason);
      const now = performance.now();
      for (const [entry, { until }] of this.#waiting) {
        if (until <= now) this.#remove(entry)?.reject(heldTooLong('it did not end in ten minutes'));
      }
    } catch (error) {
      this.#rejectAll(error);
    }
    this.#cancelRetry = undefined;
    this.#schedule();
  }

  #rejectAll(error: unknown): void {
    for (const entry of [...this.#waiting.keys()]) this.#remove(entry)?.reject(error);
  }

  #remove(entry: Entry): Waiting | undefined {
    const waiting = this.#waiting.get(entry);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(entry);
    const others = this.#counts.get(entry.distinctId)! - 1;
    if (others === 0) this.#counts.delete(entry.distinctId);
    else this.#counts.set(entry.distinctId, others);
    return waiting;
  }
}

const heldTooLong = (why: string): StoreError =>
  new StoreError(
    `another transaction has inserted an event with the same distinctId, and ${why}. If it commits, that event is delivered and this one is its duplicate; if it rolls back, this one is lost. Look for sessions that are idle in transaction.`,
  );
