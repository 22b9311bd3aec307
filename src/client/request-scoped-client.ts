import type { EventCatalog } from '../protocol/catalog.js';
import type { WaitUntil } from '../runtime/wait-until.js';
import { currentRequest } from '../runtime/wait-until.js';
import { createVisitor, testTokenOf } from './create-visitor.js';
import { SCOPED_CLIENT } from './scoped-client.js';
import type { Client } from './types.js';

/** A client that uses a separate client for each request. */
export interface RequestScopedClient<Catalog extends EventCatalog> extends Client<Catalog> {
  readonly [SCOPED_CLIENT]: () => Client<Catalog>;
}

/**
 * Workers forbid a request to use timers and fetches of another request: they end with it, and waiting for them never ends.
 *
 * @param create creates the client of one request, or the shared one for calls outside of any known request
 */
export function createRequestScopedClient<Catalog extends EventCatalog>(
  create: (waitUntil?: WaitUntil) => Client<Catalog>,
): RequestScopedClient<Catalog> {
  const clients = new WeakMap<object, Client<Catalog>>();
  const outside = {};
  const current = (): Client<Catalog> => {
    const request = currentRequest() ?? outside;
    const client = clients.get(request) ?? create();
    clients.set(request, client);
    return client;
  };

  const client: RequestScopedClient<Catalog> = {
    // The caller waits for the events of this client, so it needs no waitUntil.
    [SCOPED_CLIENT]: () => (currentRequest() === undefined ? create(() => undefined) : current()),
    get isTest() {
      return current().isTest;
    },
    track: (input) => current().track(input),
    identify: (input) => current().identify(input),
    assign: (experimentKey, options) => current().assign(experimentKey, options),
    personalization: (options) => current().personalization(options),
    stats: () => current().stats(),
    forget: (person, options) => current().forget(person, options),
    within: (tx) => current().within(tx),
    // A test visit has its own client, which also belongs to one request: its visitor cannot outlive the request.
    visitor: (input) => (testTokenOf(input) ? current().visitor(input) : createVisitor(client, input)),
    flush: (options) => current().flush(options),
    close: (options) => current().close(options),
    [Symbol.asyncDispose]: () => current()[Symbol.asyncDispose](),
  };
  return Object.freeze(client);
}
