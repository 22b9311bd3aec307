import { failOption } from '../core/check-option.js';
import type { Outbox, SqlClient, TransactionalOutbox } from '../outbox/outbox.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { Entry, IdentifyInput, TrackInput } from '../protocol/event.js';
import { sourceOf } from '../tracking/owner.js';
import type { ClientContext } from './context.js';
import type { Encoder } from './encoder.js';
import type { OutcomeReporter } from './outcomes.js';
import type { Enlisted, Transaction } from './transaction.js';

export interface TransactionOptions {
  readonly outbox: Outbox;
  readonly encoders: { readonly track: Encoder<TrackInput>; readonly identify: Encoder<IdentifyInput> };
  readonly outcomes: OutcomeReporter;
  readonly onAppended: () => void;
}

/** @throws {OursError} `invalid_option` when the outbox is not in a database that the caller can use */
export function createTransaction<Catalog extends EventCatalog>(
  { observer, options }: ClientContext,
  { outbox, encoders, outcomes, onAppended }: TransactionOptions,
  tx: SqlClient,
): Transaction<Catalog> {
  if (!('within' in outbox)) {
    failOption(
      "within() needs an outbox in the same database: createPostgresOutbox({ client }) of 'ours-ingest/outbox/postgres'.",
    );
  }
  const append = (outbox as TransactionalOutbox).within(tx);
  const source = sourceOf(options.token);
  async function enlist<Input>(kind: Entry['kind'], input: Input, encode: Encoder<Input>): Promise<Enlisted> {
    const entry = encode(input);
    if ('status' in entry) return { ...entry, distinctId: outcomes.refuse(kind, input, entry).distinctId };
    entry.owner = source;
    observer?.tracked(entry);
    await append([entry]);
    observer?.stored(1);
    onAppended();
    return { status: 'appended', distinctId: entry.distinctId };
  }
  return {
    track: (input) => enlist('track', input as TrackInput, encoders.track),
    identify: (input) => enlist('identify', input, encoders.identify),
  };
}
