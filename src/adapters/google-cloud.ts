import { requireFunction } from '../core/check-option.js';
import type { EventCatalog } from '../protocol/catalog.js';
import { createFlushedScopes } from './flushed-function.js';
import { splitHops } from './front-end.js';
import { type CloudResponse, holdEnd } from './held-end.js';
import { absoluteUrl, type NodeHeaders, nodeHeader, type RequestFacts } from './request-facts.js';
import { runInScope } from './request-scope.js';
import type { VisitorOptions } from './visitor-options.js';
import type { VisitorClient, WithoutVisitor, WithVisitor } from './visitor-scopes.js';
import { attachVisitor } from './web-request.js';

/** The part of a request that the adapter uses: one of the Functions Framework, of Firebase, or of Node's `http`. */
export interface CloudRequest {
  readonly headers: NodeHeaders;
  readonly url?: string | undefined;
  /** With the path that a router has removed from `url`. */
  readonly originalUrl?: string | undefined;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** The options of `httpFunction`. */
export interface GoogleCloudOptions<Request> extends VisitorOptions<Request> {
  /** How long an answer waits for its events to be delivered, in milliseconds. Only an outage uses all of it. @default 2000 */
  readonly flushTimeoutMs?: number | undefined;
}

/**
 * Wraps an HTTP function of Cloud Functions or Firebase, or the listener of a server on Cloud Run, such as an Express
 * application. The request has `visitor`. Tracked events are delivered before the response ends, because the instance has no CPU
 * after it.
 *
 * `trustProxy` counts the proxies in front of Google's front end, which itself reports the address it saw: 1 behind an external
 * load balancer.
 *
 * @example
 * functions.http('shop', httpFunction(ours, async (request: Request & WithVisitor<typeof events>, response: Response) => {
 *   request.visitor.track('purchase', { value: 49.9 });
 *   response.sendStatus(204);
 * }));
 * createServer(httpFunction(ours, app)).listen(process.env.PORT); // Cloud Run
 *
 * @throws {OursError} `invalid_option`
 */
export function httpFunction<
  Catalog extends EventCatalog,
  Request extends CloudRequest,
  Response extends CloudResponse,
  Result,
>(
  ours: VisitorClient<Catalog>,
  handler: (request: Request & WithVisitor<Catalog>, response: Response) => Result,
  options: GoogleCloudOptions<Request> = {},
): (request: WithoutVisitor<Request, Catalog>, response: Response) => Result {
  const { openScope, flush } = createFlushedScopes<Catalog, Request>(ours, options, cloudFacts);
  requireFunction('handler', handler);
  return (own, response) => {
    const request = own as Request;
    const scope = openScope(request);
    holdEnd(response, () => flush(undefined));
    return runInScope(scope, () => handler(attachVisitor(request, scope), response));
  };
}

function cloudFacts({ headers, url, originalUrl = url, socket: { remoteAddress } }: CloudRequest): RequestFacts {
  const { last, before } = splitHops(nodeHeader(headers, 'x-forwarded-for'));
  const scheme = nodeHeader(headers, 'x-forwarded-proto') ?? 'http';
  return {
    url: absoluteUrl(scheme, nodeHeader(headers, 'host'), originalUrl),
    // There is no front end on the developer's machine.
    peerIp: () => last ?? remoteAddress,
    header: (name) => (name === 'x-forwarded-for' ? before : nodeHeader(headers, name)),
  };
}

export type { CloudResponse } from './held-end.js';
export type * from './public-types.js';
export { currentVisitor } from './request-scope.js';
export type { WithoutVisitor, WithVisitor } from './visitor-scopes.js';
