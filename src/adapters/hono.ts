import { ignoreRejection, isPromise } from '../core/user-call.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { WaitUntil } from '../runtime/wait-until.js';
import { runInScope } from './request-scope.js';
import { createRequestScopes, type VisitorClient } from './request-visitors.js';
import { VISITOR_OPTIONS, type VisitorOptions } from './visitor-options.js';

/** What is needed of a context of Hono 4. */
export interface HonoContext {
  readonly req: { readonly url: string; header(name: string): string | undefined };
  readonly executionCtx: { waitUntil(promise: Promise<unknown>): void };
  set(key: 'visitor', value: unknown): void;
}

/** How Hono's requests are read. */
export interface HonoVisitorOptions<Context> extends VisitorOptions<Context> {
  /**
   * `getConnInfo` of `hono/bun`, `hono/deno`, `@hono/node-server/conninfo` and so on: who opened the connection.
   * @default not known; `ipHeader` or `trustProxy` tell the address then
   */
  readonly getConnInfo?: ((context: Context) => { readonly remote: { readonly address?: string } }) | undefined;
}

const OPTIONS: ReadonlySet<string> = new Set(['getConnInfo', ...VISITOR_OPTIONS]);

/** A middleware of Hono 4. */
export type HonoMiddleware<Context> = (context: Context, next: () => Promise<void>) => Promise<void>;

/**
 * Sets `visitor` on every context. What is tracked is handed to the runtime's `waitUntil` where it has one. On Workers it stands
 * before every route that tracks: within it each request has a client of its own behind `ours`, as none may use another's I/O.
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
  const { getConnInfo } = options;
  const openScope = createRequestScopes(ours, options, {
    read: (context) => {
      const peerIp = getConnInfo && peerOf(context, getConnInfo);
      return {
        url: context.req.url,
        peerIp: () => peerIp,
        header: (name) => context.req.header(name),
      };
    },
    waitUntilOf,
    knowsPeer: getConnInfo !== undefined,
    options: OPTIONS,
  });
  return (context, next) => {
    const scope = openScope(context);
    context.set('visitor', scope.visitor);
    return runInScope(scope, next);
  };
}

function peerOf<Context>(
  context: Context,
  getConnInfo: NonNullable<HonoVisitorOptions<Context>['getConnInfo']>,
): string | undefined {
  try {
    const info = getConnInfo(context);
    // Its `remote` is missing then, like the address.
    if (isPromise(info)) ignoreRejection(info);
    return info.remote.address;
  } catch {
    // Nobody has opened a connection: `app.request()` in tests.
    return undefined;
  }
}

function waitUntilOf(context: HonoContext): WaitUntil | undefined {
  try {
    const { executionCtx } = context;
    return (promise) => executionCtx.waitUntil(promise);
  } catch {
    // So Hono says that the runtime has none: Node, Bun, Deno.
    return undefined;
  }
}

export type * from './option-types.js';
export { currentVisitor } from './request-scope.js';
export type { VisitorClient } from './request-visitors.js';
