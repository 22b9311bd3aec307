import { buildClient, type Client } from './client.js';
import type { ClientOptions } from './options.js';
import { fetchPlatform } from './platform-fetch.js';
import type { EventCatalog } from './protocol/catalog.js';

// The entry for bundlers of Workers and Edge functions, which would carry undici along with index.ts. Its types are those of
// index.ts.

/** See `createClient` of index.ts. */
export function createClient<Catalog extends EventCatalog = EventCatalog>(
  options: ClientOptions<Catalog> = {},
): Client<Catalog> {
  return buildClient(options, fetchPlatform);
}

export { isOursError, OursError } from './errors.js';
export { shareOutbox } from './ledger/share-outbox.js';
export { createMemoryOutbox } from './outbox/memory.js';
