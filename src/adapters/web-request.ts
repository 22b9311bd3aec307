import { requireFunction } from '../core/check-option.js';
import type { EventCatalog } from '../protocol/catalog.js';
import { runInScope } from './request-scope.js';
import type { OpenScope, WithoutVisitor, WithVisitor } from './visitor-scopes.js';

/** A handler of `Request`s, with the further arguments that its runtime passes. */
export type RequestHandler<Request, Rest extends readonly unknown[], Answer> = (
  request: Request,
  ...rest: Rest
) => Answer;

/**
 * Calls `handler` in the scope of each request, with `visitor` on the request.
 * @throws {OursError} `invalid_option`
 */
export function handleInScope<
  Catalog extends EventCatalog,
  Asked,
  Request extends Asked,
  Rest extends readonly unknown[],
  Answer,
>(
  openScope: OpenScope<Catalog, Asked>,
  handler: RequestHandler<Request & WithVisitor<Catalog>, Rest, Answer>,
): RequestHandler<WithoutVisitor<Request, Catalog>, Rest, Answer> {
  requireFunction('handler', handler);
  return (own, ...rest) => {
    const request = own as Request;
    const scope = openScope(request, ...rest);
    return runInScope(scope, () => handler(attachVisitor(request, scope), ...rest));
  };
}

/** Sets `visitor` on a request or an event. One that cannot be extended, such as a warm-up's plain string, stays without. */
export function attachVisitor<Catalog extends EventCatalog, Request>(
  request: Request,
  { visitor }: WithVisitor<Catalog>,
): Request & WithVisitor<Catalog> {
  if (Object.isExtensible(request)) (request as { visitor?: unknown }).visitor = visitor;
  return request as Request & WithVisitor<Catalog>;
}
