import type { Visitor } from '../client/visitor.js';
import type { EventCatalog } from '../protocol/catalog.js';
import { type NodeHeaders, nodeHeader } from './node-headers.js';
import { absoluteUrl } from './request-facts.js';
import { runInScope } from './request-scope.js';
import { createRequestScopes, type VisitorClient } from './request-visitors.js';
import type { VisitorOptions } from './visitor-options.js';

/** What is needed of a request of Express 4 or 5. */
export interface ExpressRequest {
  readonly headers: NodeHeaders;
  readonly originalUrl: string;
  readonly protocol: string;
  readonly hostname?: string | undefined;
  readonly ip?: string | undefined;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/**
 * What an application says of itself, once, so that `request.visitor` knows its events.
 *
 * @example
 * declare module 'ours-ingest/express' {
 *   interface Register { events: typeof events }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be merged into
export interface Register {}

/** The events of the application, or any. */
export type RegisteredEvents = Register extends { readonly events: infer Catalog extends EventCatalog }
  ? Catalog
  : EventCatalog;

declare global {
  // The types of Express 4 and of 5 both have it, for this.
  namespace Express {
    interface Request {
      /** Put there by `visitorMiddleware`. */
      readonly visitor: Visitor<RegisteredEvents>;
    }
  }
}

/** A middleware of Express 4 or 5. */
export type ExpressMiddleware<Request> = (request: Request, response: unknown, next: () => void) => void;

/**
 * Puts `visitor` on every request, which is all that types need; {@link Register} tells them of your events. Where `trustProxy`
 * is left out, Express is asked for the address, scheme and host, so that
 * `app.set('trust proxy', …)` need not be repeated.
 *
 * @example
 * app.use(visitorMiddleware(ours));
 * app.post('/buy', (request, response) => {
 *   request.visitor.track('purchase', { value: 49.9 }, { distinctId: `purchase:${order.id}` });
 * });
 *
 * @throws {OursError} `invalid_option`
 */
export function visitorMiddleware<Catalog extends EventCatalog, Request extends ExpressRequest = ExpressRequest>(
  ours: VisitorClient<Catalog>,
  options: VisitorOptions<Request> = {},
): ExpressMiddleware<Request> {
  const openScope = createRequestScopes(ours, options, {
    read: (request) => {
      const { protocol, headers, hostname, originalUrl, socket } = request;
      // Sockets forget the address when they are closed, unless they have been asked for it before.
      const { remoteAddress } = socket;
      return {
        url: absoluteUrl(protocol, publicHost(nodeHeader(headers, 'host'), hostname), originalUrl),
        peerIp: () => (options.trustProxy === undefined ? request.ip : remoteAddress),
        header: (name) => nodeHeader(headers, name),
      };
    },
    knowsPeer: true,
  });
  return (request, _response, next) => {
    const scope = openScope(request);
    (request as { visitor?: unknown }).visitor = scope.visitor;
    runInScope(scope, next);
  };
}

/** Express's `hostname` is the one its trusted proxy was asked for. It has no port, which `Host` has where it is the same. */
function publicHost(host: string | undefined, hostname: string | undefined): string | undefined {
  return hostname === undefined || host?.startsWith(`${hostname}:`) ? host : hostname;
}

export type * from './option-types.js';
export { currentVisitor } from './request-scope.js';
export type { VisitorClient } from './request-visitors.js';
