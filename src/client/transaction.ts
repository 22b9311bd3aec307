import type { Undelivered } from '../core/outcome.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { IdentifyInput, TrackInput } from '../protocol/event.js';

/** The result of an event in a transaction. It is never thrown: an invalid event must not fail the order. */
export type Enlisted = { readonly distinctId: string } & ({ readonly status: 'appended' } | Undelivered);

/** Appends events in the caller's transaction. They are stored only if it commits. */
export interface Transaction<Catalog extends EventCatalog = EventCatalog> {
  /**
   * Await it before the commit.
   * @throws {OursError} `store_failed`, with the SQLSTATE in `engineCode`. The transaction has then failed, as after any statement
   * that fails.
   */
  track(input: TrackInput<Catalog>): Promise<Enlisted>;
  /** See {@link Transaction.track}. */
  identify(input: IdentifyInput): Promise<Enlisted>;
}
