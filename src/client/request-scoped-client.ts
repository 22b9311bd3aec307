import type { EventCatalog } from '../protocol/catalog.js';
import type { WaitUntil } from '../runtime/wait-until.js';
import { currentRequest } from '../runtime/wait-until.js';
import type { Client } from './client.js';
import { OWN_CLIENT } from './own-client.js';
import { createVisitor } from './visitor.js';

/**
 * A client that is another one in each request. Workers let no request use what another has begun: its timers and fetches end
 * with it, and whoever waits for them waits for ever.
 *
 * @param create makes the client of a request, or the one for whatever is not known to belong to one
 */
export function createRequestScopedClient<Catalog extends EventCatalog>(
  create: (waitUntil?: WaitUntil) => Client<Catalog>,
): Client<Catalog> {
  const clients = new WeakMap<object, Client<Catalog>>();
  const outside = {};
  const current = (): Client<Catalog> => {
    const request = currentRequest() ?? outside;
    const client = clients.get(request) ?? create();
    clients.set(request, client);
    return client;
  };

  const client: Client<Catalog> & { readonly [OWN_CLIENT]: () => Client<Catalog> } = {
    // Whoever asks for it waits for its events.
    [OWN_CLIENT]: () => (currentRequest() === undefined ? create(() => undefined) : current()),
    get isTest() {
      return current().isTest;
    },
    track: (input) => current().track(input),
    identify: (input) => current().identify(input),
    assign: (experimentKey, options) => current().assign(experimentKey, options),
    personalization: (options) => current().personalization(options),
    within: (tx) => current().within(tx),
    // A visit in test mode has a client of its own, which is a request's too: its visitor cannot outlive the request.
    visitor: (input) => (input.testToken ? current().visitor(input) : createVisitor(client, input)),
    flush: (options) => current().flush(options),
    close: (options) => current().close(options),
    [Symbol.asyncDispose]: () => current()[Symbol.asyncDispose](),
  };
  return Object.freeze(client);
}
