import type { ClientCatalog, ExperimentCatalog } from './assignment/experiment-catalog.js';
import { assembleClient } from './client/client.js';
import { type ClientOptions, resolveOptions } from './client/options.js';
import { warnOfPlainHttp } from './client/plain-http.js';
import { createRequestScopedClient } from './client/request-scoped-client.js';
import type { Client } from './client/types.js';
import { failOption } from './core/check-option.js';
import type { EventCatalog } from './protocol/catalog.js';
import { webPlatform } from './runtime/platform-web.js';

// The entry for Workers and Edge functions: with index.ts, a bundler would include undici. The types are those of index.ts.

/** See `createClient` of index.ts. One client can be used in all requests. */
export function createClient<
  Catalog extends EventCatalog = EventCatalog,
  const Experiments extends ExperimentCatalog = ExperimentCatalog,
>(options: ClientOptions<Catalog, Experiments> = {}): Client<ClientCatalog<Catalog, Experiments>> {
  // Wrong options throw here, not in the first request.
  const resolved = resolveOptions(options as ClientOptions, webPlatform.env);
  if (resolved.outbox?.durable === false) {
    failOption(
      'outbox: each request has its own queue on this runtime, so a memory outbox cannot be shared: pass maxQueueSize, maxQueueBytes or whenFull instead.',
    );
  }
  warnOfPlainHttp(resolved);
  return createRequestScopedClient((waitUntil = resolved.waitUntil) =>
    assembleClient({ ...resolved, waitUntil }, webPlatform),
  );
}

export { isOursError, OursError } from './core/errors.js';
export { createMemoryExposures } from './exposures/memory.js';
export { createMemoryOutbox } from './outbox/memory.js';
