import type { Undelivered } from '../core/outcome.js';
import type { Entry } from '../protocol/event.js';
import type { Identity } from '../protocol/identity.js';
import type { Appended, DurablyAppended, PolledOutbox } from '../tracking/polled-outbox.js';

export interface ClaimOptions {
  readonly maxEntries: number;
  /** Limit of the sum of the entries' bodies, plus one byte for each. A first entry above it is claimed alone. */
  readonly maxBytes: number;
  /** How long no other claim may return the entries. */
  readonly leaseMs: number;
}

export interface OutboxStats {
  /** Entries that wait to be claimed, delayed ones included. */
  readonly waiting: number;
  /** Entries claimed and not yet settled. */
  readonly claimed: number;
  /** Bytes of both. */
  readonly bytes: number;
  /**
   * `true` if the numbers are estimated, usually within 10 %: PostgreSQL estimates a queue of more than 10,000 entries in a
   * table of more than 200 MB, because counting millions of rows takes seconds.
   * @default false
   */
  readonly isEstimated?: boolean | undefined;
}

/** The methods of every outbox. {@link Outbox} lists their duties. */
interface Queueing {
  append(entries: readonly Entry[]): Promise<Appended>;
  claim(options: ClaimOptions): Promise<readonly Entry[]>;
  /** The entries were delivered. */
  ack(entries: readonly Entry[]): Promise<void>;
  /** Makes the entries claimable again after `delayMs`. */
  release(entries: readonly Entry[], delayMs: number): Promise<void>;
  /** The entries will never be delivered. */
  deadLetter(entries: readonly Entry[], outcome: Undelivered): Promise<void>;
  /**
   * Removes every event and dead letter that has one of the identifiers. Events appended meanwhile may stay.
   *
   * Rejects with `invalid_option` without an identifier.
   */
  forget(person: Identity, options?: ForgetOptions): Promise<Forgotten>;
  stats(): Promise<OutboxStats>;
  close(): Promise<void>;
  /**
   * A warning for the operator although nothing has failed, each one once. The client calls this after every append and logs it.
   */
  takeNotice?(): string | undefined;
}

/** An outbox whose entries are lost with the process. */
export interface VolatileOutbox extends Queueing {
  readonly durable: false;
  /** When the entry that has been inside longest was appended, in milliseconds since the epoch. @default not known */
  oldest?(): Promise<{ readonly appendedAt: number } | undefined>;
}

/** An outbox whose entries survive the process. Any number of processes may append to one store and claim from it. */
export interface DurableOutbox extends Queueing, PolledOutbox {
  readonly durable: true;
  /** A dropped entry is always one of `entries`: confirmed entries are never dropped to make room. */
  append(entries: readonly Entry[]): Promise<DurablyAppended>;
  readonly deadLetters: DeadLetters;
  /** Counts entries that are not delivered because they are not sealed. Only outboxes with sealing keys have it. */
  countUnsealed?: (() => Promise<number>) | undefined;
}

/** What the error of a rejected append may say. */
export interface AppendFailure {
  /** `true` only if no entry of the append was stored and none will be: no attempt can still succeed. */
  readonly storedNothing?: boolean | undefined;
}

/**
 * The part of an SQL client that the outbox uses. Values are strings, numbers and null; `text` refers to them as `$1`, `$2`, …
 * `query` resolves to an object with the rows as `pg` does, or to the rows as TypeORM and postgres.js do.
 */
export interface SqlClient {
  query(
    text: string,
    values: (string | number | null)[],
  ): Promise<{ readonly rows: readonly unknown[] } | readonly unknown[]>;
}

/** A durable outbox in the caller's own database. */
export interface TransactionalOutbox extends DurableOutbox {
  /**
   * Returns an append within the open transaction of `tx`: the entries are stored if it commits, and only then.
   *
   * The append rejects with `invalid_option`, and stores nothing, if `tx` has no open transaction.
   * @throws {OursError} `invalid_option` if `tx` is not a transaction: a pool, or a library's client for the whole database
   */
  within(tx: SqlClient): (entries: readonly Entry[]) => Promise<void>;
}

export interface ForgetOptions {
  /** Counts without removing. @default false */
  readonly dryRun?: boolean | undefined;
  /**
   * Called for each event removed from the queue, before `forget` resolves. A client learns the outcome of its events from it.
   *
   * @param isClaimed whether a relay had claimed it: it may have been sent
   */
  readonly onRemoved?: ((entry: Entry, isClaimed: boolean) => void) | undefined;
}

/** What `forget` removed, or would remove. */
export interface Forgotten {
  /** Events that were waiting or claimed. */
  readonly entries: number;
  /** Those that a relay had claimed: it may have sent them, or may still send them. */
  readonly claimed: number;
  readonly deadLetters: number;
  /** Events and dead letters that cannot be read: their key is missing, or they are damaged. They may be about the person. */
  readonly unreadable: number;
}

/** An event that will not be delivered, with the reason. */
export interface DeadLetter {
  readonly distinctId: string;
  readonly outcome: Undelivered;
  /** When it became a dead letter, in milliseconds since the epoch. */
  readonly at: number;
  /** `undefined` if it cannot be read: it is damaged, or its key is missing. */
  readonly entry: Entry | undefined;
}

/** The dead letters of a durable outbox. One for each `distinctId`: a later one replaces an earlier one. */
export interface DeadLetters {
  count(): Promise<number>;
  /** Oldest first. */
  list(range: { readonly limit: number; readonly offset?: number | undefined }): Promise<readonly DeadLetter[]>;
  get(distinctId: string): Promise<DeadLetter | undefined>;
  /** Requeues events at the end; resolves to how many dead letters were removed. One whose id is inside is only removed. */
  replay(distinctIds: readonly string[]): Promise<number>;
  /** Removes dead letters for good; resolves to how many. */
  discard(distinctIds: readonly string[]): Promise<number>;
}

/**
 * A queue of events that the service does not have yet. The duties of an implementation:
 *
 * - **Durability.** When `append` resolves, the entries survive what the outbox promises to survive (`durable`).
 * - **Idempotence.** A durable outbox ignores an entry whose `distinctId` is already inside; dead letters are not inside. A memory
 *   outbox may store both, and the service counts one. `ack`, `release` and `deadLetter` ignore entries that are no longer
 *   claimed, or that another claim holds.
 * - **Leases.** No other claim returns a claimed entry until it is released or its lease expires; after that it is claimed again, so
 *   that a dead relay's entries are not lost.
 * - **Order.** Roughly first in, first out. Strictly: no claim returns an entry while an earlier `identify` that shares an
 *   identifier with it is unsettled, unless both are in the same claim, in order. Appends of one process keep their order.
 * - **Errors.** Every method may reject; nothing may throw synchronously. `append` stores all of its entries or none. When it
 *   rejects, the entries may be stored, unless the error has `storedNothing: true` ({@link AppendFailure}). Appending them again
 *   is safe in both cases.
 * - **Unreadable entries.** A damaged entry becomes a dead letter. An entry whose key is missing stays inside and is retried later.
 *   So does an unsealed entry in an outbox with sealing keys, which is never delivered: someone without a key may have written it.
 *   `claim` rejects once to report them, and the next claim returns the others.
 * - **Owner.** A memory outbox returns the same `owner` that was appended; a durable one does if it is a string.
 */
export type Outbox = VolatileOutbox | DurableOutbox;
