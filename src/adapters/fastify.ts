import type { EventCatalog } from '../protocol/catalog.js';
import { NodeFacts, type NodeRequest } from './request-facts.js';
import { runInScope } from './request-scope.js';
import type { VisitorOptions } from './visitor-options.js';
import { createRequestScopes, type VisitorClient } from './visitor-scopes.js';

/** The part of a Fastify 5 request that the plugin uses. */
export interface FastifyRequest extends NodeRequest {
  readonly host: string;
  readonly ip: string;
}

/** The part of a Fastify 5 server that the plugin uses. */
export interface FastifyServer<Request> {
  decorateRequest(name: 'visitor'): unknown;
  addHook(name: 'onRequest', hook: (request: Request, reply: unknown, done: () => void) => void): unknown;
}

/** A plugin of Fastify 5. */
export type FastifyPlugin<Request> = (server: FastifyServer<Request>, options: unknown, done: () => void) => void;

/**
 * Sets `visitor` on every request. Without `trustProxy`, Fastify's own `trustProxy` setting determines the address.
 *
 * @example
 * declare module 'fastify' { interface FastifyRequest { visitor: ReturnType<typeof ours.visitor> } } // TypeScript
 * await app.register(visitorPlugin(ours));
 *
 * @throws {OursError} `invalid_option`
 */
export function visitorPlugin<Catalog extends EventCatalog, Request extends FastifyRequest = FastifyRequest>(
  ours: VisitorClient<Catalog>,
  options: VisitorOptions<Request> = {},
): FastifyPlugin<Request> {
  const openScope = createRequestScopes(ours, options, {
    read: (request) => new NodeFacts(request, ({ host }) => host, options.trustProxy !== undefined),
    knowsPeer: true,
  });
  const plugin: FastifyPlugin<Request> = (server, _options, done) => {
    server.decorateRequest('visitor');
    server.addHook('onRequest', (request, _reply, next) => {
      const scope = openScope(request);
      (request as { visitor?: unknown }).visitor = scope.visitor;
      runInScope(scope, next);
    });
    done();
  };
  // As fastify-plugin does: the hook applies to the whole server, not only to the plugin's own routes.
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'ours-ingest',
  });
}

export type * from './public-types.js';
export { currentVisitor } from './request-scope.js';
