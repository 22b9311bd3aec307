import { isOursError } from '../errors.js';
import { createEpisodes, guardLogger } from '../logger.js';
import { ownClient } from '../own-client.js';
import type { EventCatalog } from '../protocol/catalog.js';
import { inTime } from './in-time.js';
import { HOW_TO_GET_RAW_BODIES, type RawWebhook, toIncoming } from './incoming.js';
import { type RawBody, readBody } from './read-body.js';
import { report } from './report.js';
import { checkOptions, type WebhookOptions } from './webhook-options.js';

/** What a provider is answered, as a Lambda function returns it: it sends the webhook again unless the status is 200. */
export interface WebhookAnswer {
  /**
   * 200: all is safe, or will never be accepted, or is of no interest. 400: the signature could not be confirmed, or the provider
   * is set up to send something else. 413: the `Request` is larger than 1 MiB. 500: the server hands over parsed bodies. 503:
   * something could not be stored, or does not fit the client's `events`, which can be mended while the provider sends again.
   */
  readonly statusCode: 200 | 400 | 413 | 500 | 503;
  /** Plain text for the provider's dashboard: payment ids and what became of them. */
  readonly body: string;
}

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

const TIMEOUT_MS = 8_000;
const TEXT = 'text/plain';

/**
 * An endpoint for a provider's webhooks: it checks the signature, opens the visitor token, reports, and answers 200 when
 * losing the process no longer loses anything.
 * @throws {OursError} `invalid_option` when it is misconfigured
 */
export function createWebhook<Event, Catalog extends EventCatalog = EventCatalog>(
  options: WebhookOptions<Event, Catalog>,
): Webhook {
  checkOptions(options);
  const { provider, verify, conversions, identify, ours, keys, maxAgeMs, timeoutMs = TIMEOUT_MS } = options;
  const episodes = createEpisodes(guardLogger(options.logger ?? console), () => performance.now());
  const warn = (topic: string, message: string): void => episodes.remind(topic, `${provider} webhook: ${message}`);

  async function handle(raw: RawWebhook): Promise<WebhookAnswer> {
    const signal = AbortSignal.timeout(timeoutMs);
    const sink = ownClient(ours);
    const incoming = toIncoming(raw);
    if (incoming === undefined) {
      warn(
        'parsed',
        `there is no raw body to check the signature over: it was parsed before, or the raw parser does not take its content type. ${HOW_TO_GET_RAW_BODIES}.`,
      );
      return { statusCode: 500, body: 'the server hands over a parsed or missing body; its log says what to do' };
    }
    let event: Event;
    try {
      event = await inTime(verify(incoming), signal);
    } catch (error) {
      if (isOursError(error)) {
        warn('refused', `refused one: ${error.message}. Nothing is sent.`);
        return { statusCode: 400, body: error.message };
      }
      warn(
        'signature',
        `refused one whose signature could not be confirmed (${nameOf(error)}): it was changed, is too old, or the secret is another endpoint's. Nothing is sent.`,
      );
      return { statusCode: 400, body: 'the signature could not be confirmed' };
    }
    try {
      const reported = await Promise.all(
        (await inTime(conversions(event), signal)).map((conversion) =>
          report(conversion, () => identify?.(event), signal, { ours: sink, keys, maxAgeMs, warn }),
        ),
      );
      return {
        statusCode: reported.some(({ isLost }) => isLost) ? 503 : 200,
        body: reported.map(({ line }) => line).join('\n') || 'nothing to report',
      };
    } catch (error) {
      warn(
        'failed',
        `looking up what to report failed: conversions, identify or a call to the provider threw, or took longer than timeoutMs (${nameOf(error)}). It is answered 503, to be sent again.`,
      );
      return { statusCode: 503, body: 'looking up what to report failed: send it again' };
    }
  }

  const handleNode = ({ headers, body, rawBody }: NodeRequestLike): Promise<WebhookAnswer> =>
    handle({ body: rawBody ?? body, headers });

  async function handleBody(body: RawBody, headers: Headers): Promise<WebhookAnswer> {
    if (body !== 'too large') return handle({ body: body === 'gone' ? undefined : body.bytes, headers });
    warn('large', 'refused a body larger than 1 MiB, which no provider sends. Nothing is sent.');
    return { statusCode: 413, body: 'the body is larger than 1 MiB' };
  }

  return {
    handle,
    async request(request) {
      const answer = await handleBody(await readBody(request), request.headers);
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

/** An error's message may hold what was signed. Errors of Stripe's package have a name only as a class. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return error.name === 'Error' ? error.constructor.name : error.name;
}
