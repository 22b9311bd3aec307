import type { Visitor } from '../client/visitor.js';
import type { EventCatalog } from '../protocol/catalog.js';
import { NodeFacts, type NodeRequest, nodeHeader } from './request-facts.js';
import { runInScope } from './request-scope.js';
import type { VisitorOptions } from './visitor-options.js';
import { createRequestScopes, type VisitorClient } from './visitor-scopes.js';

/** The part of an Express 4 or 5 request that the middleware uses. */
export interface ExpressRequest extends NodeRequest {
  readonly hostname?: string | undefined;
}

/**
 * Register your events once, so that `request.visitor` knows their types.
 *
 * @example
 * declare module 'ours-ingest/express' {
 *   interface Register { events: typeof events }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: applications merge into it
export interface Register {}

/** The application's events, or any. */
export type RegisteredEvents = Register extends { readonly events: infer Catalog extends EventCatalog }
  ? Catalog
  : EventCatalog;

declare global {
  // The types of Express 4 and 5 both provide this namespace for extensions.
  namespace Express {
    interface Request {
      /** Set by `visitorMiddleware`. */
      readonly visitor: Visitor<RegisteredEvents>;
    }
  }
}

/** A middleware of Express 4 or 5. */
export type ExpressMiddleware<Request> = (request: Request, response: unknown, next: () => void) => void;

/**
 * Sets `visitor` on every request. Without `trustProxy`, Express's own `trust proxy` setting determines the address, scheme and
 * host.
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
    read: (request) => new NodeFacts(request, publicHost, options.trustProxy !== undefined),
    knowsPeer: true,
  });
  return (request, _response, next) => {
    const scope = openScope(request);
    (request as { visitor?: unknown }).visitor = scope.visitor;
    runInScope(scope, next);
  };
}

/** Express's `hostname` respects its trusted proxies but has no port. `Host` has the port; it is used if both are the same host. */
function publicHost({ headers, hostname }: ExpressRequest): string | undefined {
  const host = nodeHeader(headers, 'host');
  return hostname === undefined || host?.startsWith(`${hostname}:`) ? host : hostname;
}

export type * from './public-types.js';
export { currentVisitor } from './request-scope.js';
