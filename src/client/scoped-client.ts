/**
 * Where a client keeps the function that returns a client for one task. A registered symbol, because the client and the
 * webhooks may be separate bundles.
 */
export const SCOPED_CLIENT: unique symbol = Symbol.for('ours-ingest.scoped-client');

/**
 * The client for one task that waits for its own events, such as a webhook: on Workers the client of the current request
 * (request-scoped-client.ts), elsewhere `client` itself.
 */
export function scopedClient<Client extends object>(client: Client): Client {
  return (client as { readonly [SCOPED_CLIENT]?: () => Client })[SCOPED_CLIENT]?.() ?? client;
}
