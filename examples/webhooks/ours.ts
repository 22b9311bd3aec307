import type { CommerceEvents } from 'ours-ingest/commerce';
import type { ConversionSink } from 'ours-ingest/webhooks';

/** A client with `events: commerceEvents`, perhaps among others. */
export type Ours = ConversionSink<CommerceEvents>;
