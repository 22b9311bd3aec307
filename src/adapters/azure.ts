import type { EventCatalog } from '../protocol/catalog.js';
import { createFlushedScopes, flushBeforeAnswer } from './flushed-function.js';
import { splitHops } from './front-end.js';
import type { RequestFacts } from './request-facts.js';
import type { VisitorOptions } from './visitor-options.js';
import type { VisitorClient, WithoutVisitor, WithVisitor } from './visitor-scopes.js';

/** The part of a request of Azure Functions v4 that the adapter uses. */
export interface AzureRequest {
  readonly url: string;
  readonly headers: { get(name: string): string | null };
}

/** The options of `httpHandler`. */
export interface AzureOptions<Request> extends VisitorOptions<Request> {
  /** How long an answer waits for its events to be delivered, in milliseconds. Only an outage uses all of it. @default 2000 */
  readonly flushTimeoutMs?: number | undefined;
}

/**
 * A handler for HTTP triggers of Azure Functions, model v4. The request has `visitor`. Tracked events are delivered before the
 * answer, because the host may stop an instance that has no request.
 *
 * `trustProxy` counts the proxies in front of Azure's own front end, which itself reports the address it saw.
 *
 * @example
 * app.http('buy', { handler: httpHandler(ours, async (request: HttpRequest & WithVisitor<typeof events>) => {
 *   request.visitor.track('purchase', { value: 49.9 });
 *   return { status: 204 };
 * }) });
 *
 * @throws {OursError} `invalid_option`
 */
export function httpHandler<Catalog extends EventCatalog, Request extends AzureRequest, Context, Answer>(
  ours: VisitorClient<Catalog>,
  handler: (request: Request & WithVisitor<Catalog>, context: Context) => Promise<Answer> | Answer,
  options: AzureOptions<Request> = {},
): (request: WithoutVisitor<Request, Catalog>, context: Context) => Promise<Answer> {
  return flushBeforeAnswer(createFlushedScopes<Catalog, Request>(ours, options, azureFacts), handler, () => undefined);
}

function azureFacts({ url, headers }: AzureRequest): RequestFacts {
  const { last, before } = splitHops(headers.get('x-forwarded-for'));
  return {
    url,
    peerIp: () => last,
    header: (name) => (name === 'x-forwarded-for' ? before : headers.get(name)),
  };
}

export type * from './public-types.js';
export { currentVisitor } from './request-scope.js';
export type { WithoutVisitor, WithVisitor } from './visitor-scopes.js';
