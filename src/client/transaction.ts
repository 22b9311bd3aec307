import type { Undelivered } from '../core/outcome.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { IdentifyInput, TrackInput } from '../protocol/event.js';

/** What became of an event in a transaction. It is never thrown: an event that is wrong must not cost the order. */
export type Enlisted = { readonly distinctId: string } & ({ readonly status: 'appended' } | Undelivered);

/** Appends events in a transaction of the caller's: they are there if it commits, and were never there if it does not. */
export interface Transaction<Catalog extends EventCatalog = EventCatalog> {
  /**
   * Await it before the commit.
   * @throws {OursError} `store_failed`, with the database's SQLSTATE in `engineCode`; the transaction is lost then, as with any
   * statement that fails
   */
  track(input: TrackInput<Catalog>): Promise<Enlisted>;
  /** As {@link Transaction.track}. */
  identify(input: IdentifyInput): Promise<Enlisted>;
}
