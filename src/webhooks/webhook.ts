import { checkOptionNames } from '../core/check-option.js';
import type { EventCatalog } from '../protocol/catalog.js';
import { createEndpoint, type Endpoint, type WebhookAnswer } from './endpoint.js';
import type { RawWebhook } from './incoming.js';
import { readBody } from './read-body.js';
import { WEBHOOK_OPTIONS, type WebhookOptions } from './webhook-options.js';

/** What requests of Express, Fastify, Next.js pages and Node have in common. */
export interface NodeRequestLike {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: unknown;
  /** Set by Google Cloud Functions and `fastify-raw-body`. */
  readonly rawBody?: unknown;
}

export interface NodeResponseLike {
  statusCode: number;
  /** Whether something else has answered. */
  readonly headersSent?: boolean | undefined;
  setHeader(name: string, value: string): unknown;
  end(text: string): unknown;
}

/** The part of a Fastify 5 reply that the endpoint uses. */
export interface FastifyReplyLike {
  code(status: number): unknown;
  type(contentType: string): unknown;
}

/** A webhook endpoint. The methods can be called without a receiver; none of them throws. */
export interface Webhook {
  /**
   * For any server: takes the raw webhook, returns the answer. A Lambda function (function URL, API Gateway 1.0 and 2.0) returns
   * it unchanged. Other servers must answer with its `statusCode`, or the provider will not retry events that were not stored.
   */
  handle(webhook: RawWebhook): Promise<WebhookAnswer>;
  /** For Next.js route handlers, Hono, Workers, Deno and Bun: takes the unread `Request`. */
  request(request: Request): Promise<Response>;
  /** For Express, after `express.raw({ type: 'application/json' })`. */
  express(request: NodeRequestLike, response: NodeResponseLike): Promise<void>;
  /** For Fastify, as a route handler. A content type parser with `parseAs: 'buffer'` must keep the body raw. */
  fastify(request: NodeRequestLike, reply: FastifyReplyLike): Promise<string>;
}

const TEXT = 'text/plain';

/**
 * An endpoint for a provider's webhooks: it verifies the signature, opens the visitor token, reports the event, and answers 200 once
 * the event is stored.
 * @throws {OursError} `invalid_option`
 */
export function createWebhook<Event, Catalog extends EventCatalog = EventCatalog>(
  options: WebhookOptions<Event, Catalog>,
): Webhook {
  checkOptionNames('createWebhook', options, WEBHOOK_OPTIONS);
  return mount(createEndpoint<Event, Catalog>(options));
}

/** Adapts the endpoint to each kind of server. */
export function mount(endpoint: Endpoint): Webhook {
  const handle = (webhook: RawWebhook): Promise<WebhookAnswer> =>
    endpoint.handle(webhook, AbortSignal.timeout(endpoint.timeoutMs));

  const handleNode = ({ headers, body, rawBody }: NodeRequestLike): Promise<WebhookAnswer> =>
    handle({ body: rawBody ?? body, headers });

  async function handleRequest(request: Request): Promise<WebhookAnswer> {
    const signal = AbortSignal.timeout(endpoint.timeoutMs);
    const result = await readBody(request, signal);
    switch (result.kind) {
      case 'timed_out':
        endpoint.warn('slow', 'a body did not arrive within timeoutMs. Nothing is sent; the answer is 503.');
        return { statusCode: 503, body: 'the body did not arrive in time: retry' };
      case 'too_large':
        endpoint.warn('large', 'rejected a body larger than 1 MiB, which no provider sends. Nothing is sent.');
        return { statusCode: 413, body: 'the body is larger than 1 MiB' };
      case 'gone':
        return endpoint.handle({ body: undefined, headers: request.headers }, signal);
      case 'read':
        return endpoint.handle({ body: result.bytes, headers: request.headers }, signal);
    }
  }

  return {
    handle,
    async request(request) {
      const answer = await handleRequest(request);
      return new Response(answer.body, { status: answer.statusCode, headers: { 'content-type': TEXT } });
    },
    async express(request, response) {
      const answer = await handleNode(request);
      if (response.headersSent) {
        endpoint.warn(
          'answered',
          `something else, such as a timeout of the server, answered first (${answer.statusCode}). If the provider got an error, it retries, and what is stored counts once.`,
        );
        return;
      }
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
