import type { Assignment, AssignOptions, Personalization } from '../assignment/assignment.js';
import type { ExperimentKey, VariantName } from '../assignment/experiment-catalog.js';
import type { SqlClient } from '../outbox/outbox.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { IdentifyInput, TrackInput } from '../protocol/event.js';
import type { Totals } from '../tracking/delivery-counts.js';
import type { Receipt } from '../tracking/receipt.js';
import type { Transaction } from './transaction.js';
import type { Visitor, VisitorInput } from './visitor.js';

/** How long `flush` and `close` may take. */
export interface FlushOptions {
  /** Milliseconds after which the rest is left pending. @default none for `flush`, 5000 for `close` */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Sends events and asks for assignments. Every method may be called without its receiver. */
export interface Client<Catalog extends EventCatalog = EventCatalog> {
  /** Whether the token is a test-mode token (`test_…`): its events are tagged, and the service forwards them nowhere. */
  readonly isTest: boolean;
  /**
   * Takes an event. Synchronous, and it never throws for what it is given: a wrong event's receipt is settled as `rejected`
   * with a code and a message.
   */
  track(input: TrackInput<Catalog>): Receipt;
  /** Takes a person's names and properties. They arrive in order, and before the person's later events. */
  identify(input: IdentifyInput): Receipt;
  /**
   * Asks for the visitor's variant. Never falls back to the control: after a timeout or failure a visitor keeps the last
   * variant where it is known (`reason: 'sticky'`), and is not in the experiment otherwise (`reason: 'fallback'`).
   * @throws the signal's reason
   */
  assign<Key extends ExperimentKey<Catalog>>(
    experimentKey: Key,
    options: AssignOptions<VariantName<Catalog, Key>> & { readonly userId: string | undefined },
  ): Promise<Assignment<VariantName<Catalog, Key>>>;
  /**
   * What the visitor has been given in experiments of type `personalization`; records nothing. The service answers an
   * empty list for every visitor at present; the collector answers what it gave.
   * @throws {OursError} `assignment_failed`
   */
  personalization(
    options: Pick<AssignOptions, 'timeoutMs' | 'signal'> & { readonly userId: string | undefined },
  ): Promise<readonly Personalization[]>;
  /**
   * Events in the caller's own database transaction: they commit or vanish with the order. `tx` is a `pg` client, or a
   * transaction of another library as one of `from…` in `ours-ingest/outbox/postgres` makes it.
   * @throws {OursError} `invalid_option` when the outbox is not in a database of yours
   */
  within(tx: SqlClient): Transaction<Catalog>;
  /** The same client for one visitor. */
  visitor(input: VisitorInput): Visitor<Catalog>;
  /**
   * Sends what waits; resolves when everything tracked before this call has an outcome, or when the time is over.
   * @throws the signal's reason
   */
  flush(options?: FlushOptions): Promise<Totals>;
  /**
   * Flushes, then lets go of sockets and timers. Later events are dropped. What has no outcome in time is `pending`: with a
   * durable outbox the next process delivers it.
   */
  close(options?: FlushOptions): Promise<Totals>;
  /** `await using client = createClient(…)` closes it. */
  [Symbol.asyncDispose](): Promise<void>;
}
