import type { EventCatalog } from '../protocol/catalog.js';
import { NodeFacts, type NodeRequest } from './request-facts.js';
import { runInScope } from './request-scope.js';
import type { VisitorOptions } from './visitor-options.js';
import { createRequestScopes, type VisitorClient } from './visitor-scopes.js';

/** The part of a Koa 2 or 3 context that the middleware uses. */
export interface KoaContext {
  readonly request: NodeRequest & { readonly host: string };
  /** Koa's place for what middleware passes on. */
  readonly state: object;
}

/** A middleware of Koa 2 or 3. */
export type KoaMiddleware<Context> = (context: Context, next: () => Promise<unknown>) => Promise<unknown>;

/**
 * Sets `state.visitor` on every context. Without `trustProxy`, Koa's own `proxy` setting determines the address, scheme and host.
 *
 * @example
 * const app = new Koa<{ visitor: Visitor<typeof events> }>();
 * app.use(visitorMiddleware(ours));
 * app.use((ctx) => { ctx.state.visitor.track('purchase', { value: 49.9 }); });
 *
 * @throws {OursError} `invalid_option`
 */
export function visitorMiddleware<Catalog extends EventCatalog, Context extends KoaContext = KoaContext>(
  ours: VisitorClient<Catalog>,
  options: VisitorOptions<Context> = {},
): KoaMiddleware<Context> {
  const openScope = createRequestScopes(ours, options, {
    read: ({ request }) => new NodeFacts(request, ({ host }) => host, options.trustProxy !== undefined),
    knowsPeer: true,
  });
  return (context, next) => {
    const scope = openScope(context);
    (context.state as { visitor?: unknown }).visitor = scope.visitor;
    return runInScope(scope, next);
  };
}

export type * from './public-types.js';
export { currentVisitor } from './request-scope.js';
