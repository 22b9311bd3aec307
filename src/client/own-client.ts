/**
 * Where a client says how to have one for a single piece of work that waits for its own events, a webhook. Clients on Workers
 * do, of which each request needs another (request-scoped-client.ts). A registered symbol: webhooks and client may be separate copies.
 */
export const OWN_CLIENT: unique symbol = Symbol.for('ours-ingest.own-client');

/** The client that a piece of work is to use. */
export function ownClient<Client extends object>(client: Client): Client {
  return (client as { readonly [OWN_CLIENT]?: () => Client })[OWN_CLIENT]?.() ?? client;
}
