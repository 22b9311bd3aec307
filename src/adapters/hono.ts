import { ignoreRejection, isPromise } from '../core/user-call.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { WaitUntil } from '../runtime/wait-until.js';
import { runInScope } from './request-scope.js';
import { VISITOR_OPTIONS, type VisitorOptions } from './visitor-options.js';
import { createRequestScopes, type VisitorClient } from './visitor-scopes.js';

/** The part of a Hono 4 context that the middleware uses. */
export interface HonoContext {
  readonly req: { readonly url: string; header(name: string): string | undefined };
  readonly executionCtx: { waitUntil(promise: Promise<unknown>): void };
  set(key: 'visitor', value: unknown): void;
}

/** The middleware's options. */
export interface HonoVisitorOptions<Context> extends VisitorOptions<Context> {
  /** From `hono/bun`, `hono/deno`, `@hono/node-server/conninfo` … @default none: `ipHeader` or `trustProxy` give the address */
  readonly getConnInfo?: ((context: Context) => { readonly remote: { readonly address?: string } }) | undefined;
}

/** A middleware of Hono 4. */
export type HonoMiddleware<Context> = (context: Context, next: () => Promise<void>) => Promise<void>;

/**
 * Sets `visitor` on every context, and passes tracked events to the runtime's `waitUntil` if it has one. On Workers, put it before
 * every route that tracks: it gives each request its own client behind `ours`, because a request must not use another's I/O.
 *
 * @example
 * const app = new Hono<{ Variables: { visitor: Visitor<typeof events> } }>();
 * app.use(visitorMiddleware(ours, { ipHeader: 'cf-connecting-ip' }));
 * app.post('/buy', (c) => { c.var.visitor.track('purchase', { value: 49.9 }); … });
 *
 * @throws {OursError} `invalid_option`
 */
export function visitorMiddleware<Catalog extends EventCatalog, Context extends HonoContext = HonoContext>(
  ours: VisitorClient<Catalog>,
  options: HonoVisitorOptions<Context> = {},
): HonoMiddleware<Context> {
  const openScope = createRequestScopes(ours, options, {
    read: (context) => {
      const peerIp = peerOf(context, options);
      return { url: context.req.url, peerIp: () => peerIp, header: (name) => context.req.header(name) };
    },
    waitUntilOf,
    knowsPeer: options.getConnInfo !== undefined,
    options: new Set(['getConnInfo', ...VISITOR_OPTIONS]),
  });
  return (context, next) => {
    const scope = openScope(context);
    context.set('visitor', scope.visitor);
    return runInScope(scope, next);
  };
}

function peerOf<Context>(context: Context, { getConnInfo }: HonoVisitorOptions<Context>): string | undefined {
  try {
    const info = getConnInfo?.(context);
    // A promise has no `remote`; the address is unknown then.
    if (isPromise(info)) ignoreRejection(info);
    return info?.remote.address;
  } catch {
    // There is no connection: `app.request()` in tests.
    return undefined;
  }
}

function waitUntilOf(context: HonoContext): WaitUntil | undefined {
  try {
    const { executionCtx } = context;
    return (promise) => executionCtx.waitUntil(promise);
  } catch {
    // Hono throws if the runtime has no execution context: Node, Bun, Deno.
    return undefined;
  }
}

export type * from './public-types.js';
export { currentVisitor } from './request-scope.js';
