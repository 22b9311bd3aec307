import { checkOptionNames } from '../core/check-option.js';
import type { EventCatalog } from '../protocol/catalog.js';
import { createEndpoint, type Endpoint, type WebhookAnswer } from './endpoint.js';
import type { RawWebhook } from './incoming.js';
import { readBody } from './read-body.js';
import { WEBHOOK_OPTIONS, type WebhookOptions } from './webhook-options.js';

/** What the requests of Express, Fastify, Next's pages and Node itself have in common. */
export interface NodeRequestLike {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: unknown;
  /** Where Google's functions and `fastify-raw-body` keep the raw body. */
  readonly rawBody?: unknown;
}

export interface NodeResponseLike {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(text: string): unknown;
}

/** What is needed of a reply of Fastify 5. */
export interface FastifyReplyLike {
  code(status: number): unknown;
  type(contentType: string): unknown;
}

/** A webhook's endpoint. Every method may be passed on without its receiver; none of them throws. */
export interface Webhook {
  /**
   * For any server: takes what came, says what to answer. A Lambda function (function URL, API Gateway 1.0 and 2.0) returns it
   * as it is; any other server has to answer with its `statusCode`, or the provider never sends again what could not be stored.
   */
  handle(webhook: RawWebhook): Promise<WebhookAnswer>;
  /** For Next.js route handlers, Hono, Workers, Deno and Bun: takes the `Request`, unread. */
  request(request: Request): Promise<Response>;
  /** For Express, behind `express.raw({ type: 'application/json' })`. */
  express(request: NodeRequestLike, response: NodeResponseLike): Promise<void>;
  /** For Fastify, as a route's handler, where a content type parser with `parseAs: 'buffer'` leaves the body raw. */
  fastify(request: NodeRequestLike, reply: FastifyReplyLike): Promise<string>;
}

const TEXT = 'text/plain';

/**
 * An endpoint for a provider's webhooks: it checks the signature, opens the visitor token, reports, and answers 200 when
 * losing the process no longer loses anything.
 * @throws {OursError} `invalid_option` when it is misconfigured
 */
export function createWebhook<Event, Catalog extends EventCatalog = EventCatalog>(
  options: WebhookOptions<Event, Catalog>,
): Webhook {
  checkOptionNames('createWebhook', options, WEBHOOK_OPTIONS);
  return mount(createEndpoint<Event, Catalog>(options));
}

/** The endpoint as each server calls it. */
export function mount(endpoint: Endpoint): Webhook {
  const handle = (webhook: RawWebhook): Promise<WebhookAnswer> =>
    endpoint.handle(webhook, AbortSignal.timeout(endpoint.timeoutMs));

  const handleNode = ({ headers, body, rawBody }: NodeRequestLike): Promise<WebhookAnswer> =>
    handle({ body: rawBody ?? body, headers });

  async function handleRequest(request: Request): Promise<WebhookAnswer> {
    const signal = AbortSignal.timeout(endpoint.timeoutMs);
    const body = await readBody(request, signal);
    if (body === 'late') {
      endpoint.warn('slow', 'the body of one did not arrive within timeoutMs. Nothing is sent; it is answered 503.');
      return { statusCode: 503, body: 'the body did not arrive in time: send it again' };
    }
    if (body === 'too large') {
      endpoint.warn('large', 'refused a body larger than 1 MiB, which no provider sends. Nothing is sent.');
      return { statusCode: 413, body: 'the body is larger than 1 MiB' };
    }
    return endpoint.handle({ body: body === 'gone' ? undefined : body.bytes, headers: request.headers }, signal);
  }

  return {
    handle,
    async request(request) {
      const answer = await handleRequest(request);
      return new Response(answer.body, { status: answer.statusCode, headers: { 'content-type': TEXT } });
    },
    async express(request, response) {
      const answer = await handleNode(request);
      response.statusCode = answer.statusCode;
      response.setHeader('content-type', TEXT);
      response.end(answer.body);
    },
    async fastify(request, reply) {
      const answer = await handleNode(request);
      reply.code(answer.statusCode);
      reply.type(TEXT);
      return answer.body;
    },
  };
}
