import type { Undelivered } from '../core/outcome.js';
import type { Entry } from '../protocol/event.js';
import type { Identity } from '../protocol/identity.js';
import type { Appended, DurablyAppended, PolledOutbox } from '../tracking/polled-outbox.js';

export interface ClaimOptions {
  readonly maxEntries: number;
  /** The entries' bodies added up, with one byte more for each, stay within this many bytes; a first entry above it comes alone. */
  readonly maxBytes: number;
  /** How long the entries are the claimer's alone. */
  readonly leaseMs: number;
}

export interface OutboxStats {
  /** Entries waiting to be claimed, delayed ones included. */
  readonly waiting: number;
  /** Entries claimed and not yet settled. */
  readonly claimed: number;
  /** Bytes of both. */
  readonly bytes: number;
}

/** What every outbox does. The duties stand at {@link Outbox}. */
interface Queueing {
  append(entries: readonly Entry[]): Promise<Appended>;
  claim(options: ClaimOptions): Promise<readonly Entry[]>;
  /** The entries have been delivered. */
  ack(entries: readonly Entry[]): Promise<void>;
  /** The entries go back to be claimed again, not before `delayMs` from now. */
  release(entries: readonly Entry[], delayMs: number): Promise<void>;
  /** The entries will never be delivered. */
  deadLetter(entries: readonly Entry[], outcome: Undelivered): Promise<void>;
  stats(): Promise<OutboxStats>;
  close(): Promise<void>;
  /**
   * What the operator should know though nothing has failed, each thing once. The client asks after every append and warns of it.
   */
  takeNotice?(): string | undefined;
}

/** An outbox whose entries are lost with the process. */
export interface VolatileOutbox extends Queueing {
  readonly durable: false;
}

/**
 * An outbox whose entries survive the death of the process. Any number of processes may append to one store and claim from
 * it.
 */
export interface DurableOutbox extends Queueing, PolledOutbox {
  readonly durable: true;
  /** A dropped entry is always one of `entries`: what was confirmed once is never dropped to make room. */
  append(entries: readonly Entry[]): Promise<DurablyAppended>;
  /**
   * Removes every event and every dead letter that has one of the names. What is appended meanwhile may stay. A client that waits for the
   * outcome of a removed event takes it for delivered.
   *
   * Rejects with `invalid_option` when nobody is named.
   */
  forget(person: Identity, options?: ForgetOptions): Promise<Forgotten>;
  readonly deadLetters: DeadLetters;
  /** Entries that are not sealed and so are not delivered. Only an outbox with sealing keys has it. */
  countUnsealed?: (() => Promise<number>) | undefined;
}

/** What an outbox may say about an append it rejects. */
export interface AppendFailure {
  /** `true` only if no entry of the append was stored, and none will be: no attempt at it can still succeed. */
  readonly storedNothing?: boolean | undefined;
}

/**
 * The part of an SQL client that the outbox needs. Values are strings, numbers and null; `text` names them `$1`, `$2`, …
 * Resolves to an object with the rows as `pg` does, or to the rows as TypeORM and postgres.js do.
 */
export interface SqlClient {
  query(
    text: string,
    values: (string | number | null)[],
  ): Promise<{ readonly rows: readonly unknown[] } | readonly unknown[]>;
}

/** A durable outbox that lives in the caller's own database. */
export interface TransactionalOutbox extends DurableOutbox {
  /**
   * An append in the transaction that `tx` has open: the entries are there if it commits, and were never there if not.
   *
   * The append rejects with `invalid_option`, and stores nothing, when `tx` turns out to have no transaction open.
   * @throws {OursError} `invalid_option` when `tx` is not a transaction: a pool, or a library's client for the whole database
   */
  within(tx: SqlClient): (entries: readonly Entry[]) => Promise<void>;
}

export interface ForgetOptions {
  /** Counts, and removes nothing. @default false */
  readonly dryRun?: boolean | undefined;
}

/** What an outbox has forgotten of a person, or would. */
export interface Forgotten {
  /** Events that were waiting, or under way. */
  readonly entries: number;
  /** Those of them that a relay had claimed: it may have sent them, or may still do so. */
  readonly claimed: number;
  readonly deadLetters: number;
  /** Events and dead letters that could not be looked at: their key is missing, or they are damaged. They may be the person's. */
  readonly unreadable: number;
}

/** An event that will not be delivered, kept with the reason. */
export interface DeadLetter {
  readonly distinctId: string;
  readonly outcome: Undelivered;
  /** When it was put aside, in milliseconds since the epoch. */
  readonly at: number;
  /** `undefined` when it cannot be read: it is damaged, or sealed with a key that is not there. */
  readonly entry: Entry | undefined;
}

/** Where a durable outbox keeps what will not be delivered. One letter a `distinctId`: a later one takes its place. */
export interface DeadLetters {
  count(): Promise<number>;
  /** Oldest first. */
  list(range: { readonly limit: number; readonly offset?: number | undefined }): Promise<readonly DeadLetter[]>;
  get(distinctId: string): Promise<DeadLetter | undefined>;
  /** Puts events back at the end of the queue; resolves to how many letters left. One whose id is inside is only removed. */
  replay(distinctIds: readonly string[]): Promise<number>;
  /** Forgets events for good; resolves to how many. */
  discard(distinctIds: readonly string[]): Promise<number>;
}

/**
 * Where events wait until the service has them. The duties of an implementation:
 *
 * - **Durability.** When `append` resolves, the entries survive what the outbox claims to survive (`durable`).
 * - **Idempotence.** A durable outbox ignores an entry whose `distinctId` is already inside; dead letters are not inside. One
 *   in memory may take both: the service counts one. `ack`, `release` and `deadLetter` ignore entries that are no longer
 *   claimed, or claimed by somebody else.
 * - **Leases.** A claimed entry is handed out to nobody else until it is released or its lease ends; after that it is
 *   handed out again, so that a dead relay's entries are not lost.
 * - **Order.** Roughly first in, first out. Strictly: no entry is handed out while an earlier `identify` that shares an
 *   identifier with it is unsettled, unless both are in the same claim, in order. Appends of one process keep their order.
 * - **Errors.** Every method may reject; nothing may throw synchronously. `append` stores all of its entries or none. When it
 *   rejects, the caller takes the entries for possibly stored, unless the error has `storedNothing: true`
 *   ({@link AppendFailure}). Appending them again is safe in both cases.
 * - **Unreadable entries.** What is damaged goes to the dead letters; what is sealed with a key that is not there stays
 *   inside and is tried again later. So does what is not sealed in an outbox with sealing keys, which is never delivered:
 *   someone without a key may have written it. `claim` rejects once to say so, and the next one goes on with the others.
 * - **Owner.** One in memory hands back the very `owner` an entry came with; a durable one does if that is a string.
 */
export type Outbox = VolatileOutbox | DurableOutbox;
