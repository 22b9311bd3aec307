import type { Undelivered } from '../core/outcome.js';
import type { Entry } from '../protocol/event.js';

/** The result of an append. */
export interface Appended {
  /** Entries that found no room, and older ones removed to make room for them. They are gone. */
  readonly dropped: readonly Entry[];
  /** Dropped entries that had been sent without an answer: the service may have them. */
  readonly unanswered?: readonly Entry[] | undefined;
}

/** A store's state. Comparing two marks of one store shows whether confirmed entries may have been lost in between. */
export interface StoreMark {
  /**
   * Identifies the store's contents. It changes whenever confirmed entries may be gone without being settled, as far as the
   * engine can tell: the store was emptied or replaced, or it fell back to an older copy.
   */
  readonly incarnation: string;
  /** The last position assigned. A later mark with a smaller position belongs to an older copy. */
  readonly position: number;
}

/** The result of an append to a durable outbox, with the store's mark right after it. */
export interface DurablyAppended extends Appended, StoreMark {
  /** Entries that were ignored because their `distinctId` was already inside. */
  readonly duplicates: readonly Entry[];
  /** No appended entry has a greater {@link PolledOutbox.oldest position}. */
  readonly position: number;
  /**
   * Entries that are not stored yet, because another transaction holds their `distinctId` and has not ended. Each promise
   * settles when that transaction ends: the entry is then stored, or ignored as a duplicate. The promise of an entry that the
   * store refuses for its data rejects.
   */
  readonly deferred?: ReadonlyMap<Entry, Promise<DurablyAppended>> | undefined;
}

/** What a client asks an outbox that other processes use too. */
export interface PolledOutbox {
  /**
   * What is known of events by id: still inside, or among the dead letters. Nothing is known of a delivered event, so absence
   * means delivery only while the store's {@link mark} shows no loss.
   */
  lookUp(distinctIds: readonly string[]): Promise<ReadonlyMap<string, 'inside' | Undelivered>>;
  /** The entry that has been inside longest. Positions grow from append to append. */
  oldest(): Promise<{ readonly position: number; readonly appendedAt: number } | undefined>;
  /** The store's current state. */
  mark(): Promise<StoreMark>;
  /**
   * Calls `wake` when entries may have arrived from another process; the returned function stops that. Only for stores that can
   * notify; relays also poll.
   */
  watch?(wake: () => void): () => void;
}
