import type { Visitor } from '../client/visitor.js';
import { requireFunction } from '../core/check-option.js';
import type { EventCatalog } from '../protocol/catalog.js';
import { type NextAsked, type NextHeaders, nextFacts } from './next-facts.js';
import type { VisitorOptions } from './visitor-options.js';
import { createRequestScopes, type VisitorClient, type WithoutVisitor, type WithVisitor } from './visitor-scopes.js';
import { handleInScope, type RequestHandler } from './web-request.js';

/** Functions of Next.js, passed in because this package does not import Next.js. */
export interface NextFunctions {
  /** `headers` of `next/headers`. */
  readonly headers: () => Promise<NextHeaders>;
  /** `after` of `next/server`. */
  readonly after: (task: Promise<unknown>) => void;
}

/** Visitors in the App Router of Next.js 16. */
export interface NextVisitors<Catalog extends EventCatalog> {
  /**
   * The visitor in server components, server actions and route handlers. It reads headers, so the page is rendered for each
   * request. Components do not know their own address: pass `url` to `assign`.
   * @throws what `headers()` throws, for example outside a request
   */
  visitor(): Promise<Visitor<Catalog>>;
  /**
   * Wraps a route handler or the proxy: the request has `visitor`, and `currentVisitor()` returns it.
   * @throws {OursError} `invalid_option` if the handler is not a function
   */
  requestHandler<Request extends globalThis.Request, Rest extends readonly unknown[], Answer>(
    handler: RequestHandler<Request & WithVisitor<Catalog>, Rest, Answer>,
  ): RequestHandler<WithoutVisitor<Request, Catalog>, Rest, Answer>;
}

/**
 * Visitors for Next.js. Events are flushed through `after()`: the response does not wait, and the function stays alive until they
 * are delivered.
 *
 * @example
 * // lib/ours.ts
 * export const { visitor, requestHandler } = nextVisitors(ours, { headers, after });
 * // app/buy/route.ts
 * export const POST = requestHandler(async (request) => { request.visitor.track('purchase', …); … });
 * // a server component or action
 * const { variantName } = await (await visitor()).assign('checkout_redesign');
 *
 * @throws {OursError} `invalid_option`
 */
export function nextVisitors<Catalog extends EventCatalog>(
  ours: VisitorClient<Catalog>,
  next: NextFunctions,
  options: VisitorOptions<NextAsked> = {},
): NextVisitors<Catalog> {
  requireFunction("headers of 'next/headers'", next?.headers);
  requireFunction("after of 'next/server'", next?.after);
  const openScope = createRequestScopes<Catalog, NextAsked>(ours, options, {
    read: nextFacts,
    waitUntilOf: () => next.after,
    knowsPeer: false,
  });
  const openDynamic: typeof openScope = (request) => {
    // Next.js throws here to stop a prerender, and must receive that error; the scope swallows errors.
    void request.headers;
    return openScope(request);
  };
  return {
    visitor: async () => openScope({ headers: await next.headers() }).visitor,
    requestHandler: <Request extends globalThis.Request, Rest extends readonly unknown[], Answer>(
      handler: RequestHandler<Request & WithVisitor<Catalog>, Rest, Answer>,
    ) => handleInScope<Catalog, NextAsked, Request, Rest, Answer>(openDynamic, handler),
  };
}

export type { NextAsked, NextHeaders } from './next-facts.js';
export type * from './public-types.js';
export { currentVisitor } from './request-scope.js';
export type { WithoutVisitor, WithVisitor } from './visitor-scopes.js';
export type { RequestHandler } from './web-request.js';
