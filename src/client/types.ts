import type { Assignment, AssignOptions, Personalization } from '../assignment/assignment.js';
import type { ExperimentKey, VariantName } from '../assignment/experiment-catalog.js';
import type { ForgetOptions, Forgotten, SqlClient } from '../outbox/outbox.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { IdentifyInput, TrackInput } from '../protocol/event.js';
import type { Identity } from '../protocol/identity.js';
import type { ClientStats } from '../telemetry/client-stats.js';
import type { Totals } from '../tracking/delivery-counts.js';
import type { Receipt } from '../tracking/receipt.js';
import type { Transaction } from './transaction.js';
import type { Visitor, VisitorInput } from './visitor.js';

/** The time limits of `flush` and `close`. */
export interface FlushOptions {
  /** Milliseconds after which other events stay pending. @default no limit for `flush`, 5000 for `close` */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What `forget` removed of a person, or would remove. */
export interface ForgottenPerson extends Forgotten {
  /** Keys in the store of exposures: claims and last variants of `userId`. */
  readonly exposures: number;
}

/** Sends events and requests assignments. Methods can be called detached from the client. */
export interface Client<Catalog extends EventCatalog = EventCatalog> {
  /** Whether the token is a test token (`test_…`): the service tags its events and does not forward them. */
  readonly isTest: boolean;
  /**
   * Tracks an event. It is synchronous and never throws for its input: the receipt of an invalid event is settled as `rejected`,
   * with a code and a message.
   */
  track(input: TrackInput<Catalog>): Receipt;
  /** Sends the identifiers and properties of a person. They arrive in order, and before the person's later events. */
  identify(input: IdentifyInput): Receipt;
  /**
   * Requests the variant of a visitor. Never falls back to the control variant: after a timeout or failure, a visitor keeps the
   * last known variant (`reason: 'sticky'`) or is not in the experiment (`reason: 'fallback'`).
   * @throws the signal's reason
   */
  assign<Key extends ExperimentKey<Catalog>>(
    experimentKey: Key,
    options: AssignOptions<VariantName<Catalog, Key>> & { readonly userId: string | undefined },
  ): Promise<Assignment<VariantName<Catalog, Key>>>;
  /**
   * The variants of a visitor in experiments of type `personalization`. Records nothing. At present the service returns an empty
   * list for every visitor; the collector returns what it assigned.
   * @throws {OursError} `assignment_failed`
   */
  personalization(
    options: Pick<AssignOptions, 'timeoutMs' | 'signal'> & { readonly userId: string | undefined },
  ): Promise<readonly Personalization[]>;
  /**
   * Stores events in the caller's database transaction: they commit or roll back with it. `tx` is a `pg` client, or a transaction
   * of another library that is wrapped by a `from…` function of `ours-ingest/outbox/postgres`.
   * @throws {OursError} `invalid_option` when the outbox is not in your database
   */
  within(tx: SqlClient): Transaction<Catalog>;
  /**
   * The state of the outbox and the circuit breaker, for a health endpoint: an old `oldestAgeMs` means that events are not
   * delivered. Events of test visits are not included.
   * @throws {OursError} `outbox_failed` or the outbox's own error when a durable outbox does not answer
   */
  stats(): Promise<ClientStats>;
  /**
   * Erases a person here: waiting events and dead letters that have one of the identifiers, and what is known of the exposures of
   * `userId`, also in the store of exposures. Removed events end as `dropped` (`forgotten`), or as `unknown` (`unanswered`) if they
   * may have been sent. What the service has is not erased, nor what other processes remember.
   * @throws {OursError} `invalid_option` without an identifier, or the error of the outbox or the store
   */
  forget(person: Identity, options?: Pick<ForgetOptions, 'dryRun'>): Promise<ForgottenPerson>;
  /** This client bound to one visitor. */
  visitor(input: VisitorInput): Visitor<Catalog>;
  /**
   * Sends all waiting events. Resolves when every event tracked before this call has an outcome, or after the timeout. Without a
   * timeout, a process with nothing else to do ends after 5 s in which no event got an outcome.
   * @throws the signal's reason
   */
  flush(options?: FlushOptions): Promise<Totals>;
  /**
   * Flushes, then closes sockets and timers. Later events are dropped. Events without an outcome after the timeout are `pending`:
   * with a durable outbox, the next process delivers them.
   */
  close(options?: FlushOptions): Promise<Totals>;
  /** `await using client = createClient(…)` closes it. */
  [Symbol.asyncDispose](): Promise<void>;
}
