import { requireFunction } from '../core/check-option.js';
import type { EventCatalog } from '../protocol/catalog.js';
import { runInScope } from './request-scope.js';
import type { OpenScope, WithoutVisitor, WithVisitor } from './request-visitors.js';

/** A handler of `Request`s, with whatever its runtime passes beside them. */
export type RequestHandler<Request, Rest extends readonly unknown[], Answer> = (
  request: Request,
  ...rest: Rest
) => Answer;

/**
 * Calls `handler` in the scope of each request, which it hands over with `visitor`.
 * @throws {OursError} `invalid_option`
 */
export function inScope<
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

/** Puts `visitor` on a request or an event; what takes nothing, such as a warm-up's bare text, goes on without. */
export function attachVisitor<Catalog extends EventCatalog, Request>(
  request: Request,
  { visitor }: WithVisitor<Catalog>,
): Request & WithVisitor<Catalog> {
  if (Object.isExtensible(request)) (request as { visitor?: unknown }).visitor = visitor;
  return request as Request & WithVisitor<Catalog>;
}
