import { requireFunction } from '../core/check-option.js';
import type { EventCatalog } from '../protocol/catalog.js';
import { createFlushedScopes } from './flushed-function.js';
import { splitHops } from './front-end.js';
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

/** The part of a response that the adapter uses. */
export interface CloudResponse {
  end(...rest: never[]): unknown;
  destroy(error: Error): unknown;
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
    endAfter(response, () => flush(undefined));
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

// What frameworks ask before they answer an error.
const ENDED = { headersSent: { value: true, configurable: true }, writableEnded: { value: true, configurable: true } };

/**
 * Holds a response's end back until `work` is done; it never rejects. The headers wait too: a response without a body is over
 * with them. Meanwhile the response is ended for the application, or an error after it would send another one.
 */
function endAfter(response: CloudResponse, work: () => Promise<void>): void {
  const end = response.end.bind(response);
  let isEnding = false;
  response.end = (...rest) => {
    if (isEnding) return response;
    isEnding = true;
    Object.defineProperties(response, ENDED);
    work()
      .then(() => {
        for (const name of Object.keys(ENDED)) Reflect.deleteProperty(response, name);
        end(...rest);
      })
      // Node throws for a chunk that is neither a string nor bytes; the caller is gone by now.
      .catch((error: Error) => response.destroy(error));
    return response;
  };
}

export type * from './public-types.js';
export { currentVisitor } from './request-scope.js';
export type { WithoutVisitor, WithVisitor } from './visitor-scopes.js';
