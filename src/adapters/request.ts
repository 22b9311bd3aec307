import type { EventCatalog } from '../protocol/catalog.js';
import type { WaitUntil } from '../runtime/wait-until.js';
import type { RuntimeArguments } from './lazy-visitor.js';
import type { VisitorOptions } from './visitor-options.js';
import { createRequestScopes, type VisitorClient, type WithoutVisitor, type WithVisitor } from './visitor-scopes.js';
import { handleInScope, type RequestHandler } from './web-request.js';

/**
 * Wraps a handler of `Request`s, which then have `visitor`: for Workers, Deno, Bun, and every framework that passes its requests
 * to a function. Tracked events are passed to the runtime's `waitUntil` if it has one. On Workers, wrap every handler that tracks:
 * a Worker's request must not use another request's I/O, so each gets its own client behind `ours`. Deno and Bun know the
 * connection's address; elsewhere set `ipHeader`, on Workers to `cf-connecting-ip`.
 *
 * @example
 * export default { fetch: requestHandler(ours, async (request, env, ctx) => { request.visitor.track('signup'); … }) };
 * Deno.serve(requestHandler(ours, (request) => …));
 * Bun.serve({ fetch: requestHandler(ours, (request) => …) });
 *
 * @throws {OursError} `invalid_option`
 */
export function requestHandler<
  Catalog extends EventCatalog,
  Request extends globalThis.Request,
  Rest extends readonly unknown[],
  Answer,
>(
  ours: VisitorClient<Catalog>,
  handler: RequestHandler<Request & WithVisitor<Catalog>, Rest, Answer>,
  options: VisitorOptions<Request> = {},
): RequestHandler<WithoutVisitor<Request, Catalog>, Rest, Answer> {
  const openScope = createRequestScopes<Catalog, Request>(ours, options, {
    read: (request, rest) => {
      const peerIp = peerOf(request, rest);
      return { url: request.url, peerIp: () => peerIp, header: (name) => request.headers.get(name) };
    },
    waitUntilOf: (_, rest) => waitUntilOf(rest),
    knowsPeer: true,
  });
  return handleInScope<Catalog, Request, Request, Rest, Answer>(openScope, handler);
}

/** Deno passes `{ remoteAddr: { hostname } }`, Bun passes its server. */
function peerOf(request: unknown, [first]: RuntimeArguments): string | undefined {
  const given = first as {
    readonly remoteAddr?: { readonly hostname?: unknown };
    requestIP?(request: unknown): { readonly address: string } | null;
  } | null;
  if (typeof given?.requestIP === 'function') return given.requestIP(request)?.address;
  const hostname = given?.remoteAddr?.hostname;
  return typeof hostname === 'string' ? hostname : undefined;
}

/** Workers have it on the last of `env, ctx`, Netlify on its only argument `context`. */
function waitUntilOf(rest: RuntimeArguments): WaitUntil | undefined {
  for (const given of rest as readonly ({ waitUntil?: unknown } | null | undefined)[]) {
    if (typeof given?.waitUntil === 'function') {
      return (promise) => (given as { waitUntil: WaitUntil }).waitUntil(promise);
    }
  }
  return undefined;
}

export type * from './public-types.js';
export { currentVisitor } from './request-scope.js';
export type { WithoutVisitor, WithVisitor } from './visitor-scopes.js';
export type { RequestHandler } from './web-request.js';
