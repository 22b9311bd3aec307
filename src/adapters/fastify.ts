import type { EventCatalog } from '../protocol/catalog.js';
import { type NodeHeaders, nodeHeader } from './node-headers.js';
import { absoluteUrl } from './request-facts.js';
import { runInScope } from './request-scope.js';
import { createRequestScopes, type VisitorClient } from './request-visitors.js';
import type { VisitorOptions } from './visitor-options.js';

/** What is needed of a request of Fastify 5. */
export interface FastifyRequest {
  readonly headers: NodeHeaders;
  readonly originalUrl: string;
  readonly protocol: string;
  readonly host: string;
  readonly ip: string;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** What is needed of a Fastify 5 server. */
export interface FastifyServer<Request> {
  decorateRequest(name: 'visitor'): unknown;
  addHook(name: 'onRequest', hook: (request: Request, reply: unknown, done: () => void) => void): unknown;
}

/** A plugin of Fastify 5. */
export type FastifyPlugin<Request> = (server: FastifyServer<Request>, options: unknown, done: () => void) => void;

/**
 * Puts `visitor` on every request. Where `trustProxy` is left out, Fastify's own setting counts.
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
    read: (request) => {
      const { protocol, host, headers, originalUrl, socket } = request;
      // Sockets forget the address when they are closed, unless they have been asked for it before.
      const { remoteAddress } = socket;
      return {
        url: absoluteUrl(protocol, host, originalUrl),
        peerIp: () => (options.trustProxy === undefined ? request.ip : remoteAddress),
        header: (name) => nodeHeader(headers, name),
      };
    },
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
  // What fastify-plugin does: the hooks are the whole server's, not only the plugin's own routes'.
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'ours-ingest',
  });
}

export type * from './option-types.js';
export { currentVisitor } from './request-scope.js';
export type { VisitorClient } from './request-visitors.js';
