import type { EventCatalog } from '../protocol/catalog.js';
import type { WaitUntil } from '../runtime/wait-until.js';
import { createRequestScopes, type VisitorClient, type WithoutVisitor, type WithVisitor } from './request-visitors.js';
import type { Surroundings } from './scope.js';
import type { VisitorOptions } from './visitor-options.js';
import { inScope, type RequestHandler } from './web-request.js';

/**
 * A handler of `Request`s which have `visitor`: for Workers, Deno, Bun, and every framework that hands its requests to a
 * function. What is tracked is handed to the runtime's `waitUntil` where it has one. On Workers it stands around every handler
 * that tracks: within it each request has a client of its own behind `ours`, as none may use another's I/O. Who opened the
 * connection is known on Deno and Bun; elsewhere `ipHeader` names the header, on Workers `cf-connecting-ip`.
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
    read: (request, around) => {
      const peerIp = peerOf(request, around);
      return {
        url: request.url,
        peerIp: () => peerIp,
        header: (name) => request.headers.get(name),
      };
    },
    waitUntilOf: (_, around) => waitUntilOf(around),
    knowsPeer: true,
  });
  return inScope<Catalog, Request, Request, Rest, Answer>(openScope, handler);
}

/** Deno passes `{ remoteAddr: { hostname } }`, Bun its server. */
function peerOf(request: unknown, [first]: Surroundings): string | undefined {
  const around = first as {
    readonly remoteAddr?: { readonly hostname?: unknown };
    requestIP?(request: unknown): { readonly address: string } | null;
  } | null;
  if (typeof around?.requestIP === 'function') return around.requestIP(request)?.address;
  const hostname = around?.remoteAddr?.hostname;
  return typeof hostname === 'string' ? hostname : undefined;
}

/** Workers pass it on the last of `env, ctx`, Netlify on the only `context`. */
function waitUntilOf(around: Surroundings): WaitUntil | undefined {
  for (const one of around as readonly ({ waitUntil?: unknown } | null | undefined)[]) {
    if (typeof one?.waitUntil === 'function') return (promise) => (one as { waitUntil: WaitUntil }).waitUntil(promise);
  }
  return undefined;
}

export type * from './option-types.js';
export { currentVisitor } from './request-scope.js';
export type { VisitorClient, WithoutVisitor, WithVisitor } from './request-visitors.js';
export type { RequestHandler } from './web-request.js';
