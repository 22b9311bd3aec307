import { scopedClient } from '../client/scoped-client.js';
import { isOursError } from '../core/errors.js';
import { createWarnOnce, guardLogger } from '../core/logger.js';
import { ignoreRejection, isPromise } from '../core/user-call.js';
import { withTimeout } from '../core/with-timeout.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { ConversionSink } from './conversion.js';
import { HOW_TO_GET_RAW_BODIES, type RawWebhook, toIncoming } from './incoming.js';
import { type Reported, type ReporterOptions, report } from './report.js';
import { createVisitorOpener } from './token/open-visitor.js';
import { nameOf, toVerificationFailure, type VerificationFailure } from './verification-failure.js';
import { checkOptions, type WebhookOptions } from './webhook-options.js';

/** The answer to a provider, as a Lambda function returns it. The provider retries unless the status is 200. */
export interface WebhookAnswer {
  /**
   * 200: everything is stored, or will never be accepted, or is not relevant. 400: the signature is invalid, or the provider sends
   * the wrong kind of event. 413: the `Request` is larger than 1 MiB. 500: the server passes parsed bodies. 503: the provider should
   * retry. The signature could not be checked, the body did not arrive in time, a lookup or storing failed, or the client refuses an
   * event because of a mistake that you can fix while the provider retries.
   */
  readonly statusCode: 200 | 400 | 413 | 500 | 503;
  /** Plain text for the provider's dashboard: payment ids and what happened to them. */
  readonly body: string;
}

/** The client that reports an event, or why it is not reported. */
export type Destination<Catalog extends EventCatalog> =
  | { readonly client: ConversionSink<Catalog> }
  | { readonly ignored: string };

export interface EndpointOptions<Event, Catalog extends EventCatalog> extends WebhookOptions<Event, Catalog> {
  /**
   * Called once for each webhook, before the first wait: on Workers its clients belong to the request. What it returns is called for
   * the verified event, before any lookup.
   * @default always `ours`
   */
  readonly openDestination?: ((ours: ConversionSink<Catalog>) => (event: Event) => Destination<Catalog>) | undefined;
}

/** A webhook endpoint, independent of the server. Neither method throws. */
export interface Endpoint {
  readonly timeoutMs: number;
  /** Verifies, reports and returns the answer. The signal ends every wait. */
  handle(webhook: RawWebhook, signal: AbortSignal): Promise<WebhookAnswer>;
  /** Warns about a topic at most once a minute. */
  warn(topic: string, message: string): void;
}

type Warn = Endpoint['warn'];

const TIMEOUT_MS = 8_000;

/** @throws {OursError} `invalid_option` */
export function createEndpoint<Event, Catalog extends EventCatalog>(
  options: EndpointOptions<Event, Catalog>,
): Endpoint {
  checkOptions(options);
  const { provider, verify, ours, keys, timeoutMs = TIMEOUT_MS } = options;
  const { openDestination = (client) => () => ({ client }) } = options;
  const { environment, acceptUnbound, maxAgeMs, sessionMaxAgeMs } = options;
  const openToken = createVisitorOpener(keys, { environment, acceptUnbound, maxAgeMs, sessionMaxAgeMs });
  const warnings = createWarnOnce(guardLogger(options.logger ?? console), () => performance.now());
  const warn: Warn = (topic, message) => warnings.throttledEach(`${provider} webhook: ${message}`, topic);

  return {
    timeoutMs,
    warn,
    async handle(raw, signal) {
      const destinationOf = openDestination(scopedClient(ours));
      const incoming = toIncoming(raw);
      if (incoming === undefined) {
        warn(
          'parsed',
          `there is no raw body to check the signature of: it was already parsed, or the raw parser does not accept its content type. ${HOW_TO_GET_RAW_BODIES}.`,
        );
        return { statusCode: 500, body: 'the server passes a parsed or missing body; see its log' };
      }
      let event: Event;
      try {
        event = await withTimeout(verify(incoming), { signal });
      } catch (error) {
        return refuse(toVerificationFailure(error, signal.aborted), provider, warn);
      }
      try {
        const target = destinationOf(event);
        if ('ignored' in target) return { statusCode: 200, body: target.ignored };
        const reported = await reportAll(event, options, signal, { ours: target.client, openToken, warn });
        return {
          statusCode: reported.some(({ retry }) => retry) ? 503 : 200,
          body: reported.map(({ line }) => line).join('\n') || 'nothing to report',
        };
      } catch (error) {
        return { statusCode: 503, body: lookupFailed(error, provider, warn).line };
      }
    },
  };
}

function refuse(failure: VerificationFailure, provider: string, warn: Warn): WebhookAnswer {
  switch (failure.kind) {
    case 'unavailable':
      warn(
        'unverified',
        `a signature could not be checked (${failure.cause}): ${provider} was not reached, or verify took longer than timeoutMs. Nothing is sent; the answer is 503, so that ${provider} retries.`,
      );
      return { statusCode: 503, body: 'the signature could not be checked now: retry' };
    case 'misconfigured':
      warn(`refused ${failure.message}`, `rejected: ${failure.message}. Nothing is sent.`);
      return { statusCode: 400, body: failure.message };
    case 'invalid':
      warn(
        'signature',
        `rejected: the signature is not valid (${failure.cause}). The webhook was changed, is too old, or the secret belongs to another endpoint. Nothing is sent.`,
      );
      return { statusCode: 400, body: 'the signature is not valid' };
  }
}

/** Reports each conversion separately: a failed lookup does not affect the others. */
async function reportAll<Event, Catalog extends EventCatalog>(
  event: Event,
  { provider, conversions, identify }: WebhookOptions<Event, Catalog>,
  signal: AbortSignal,
  reporter: ReporterOptions<Catalog>,
): Promise<Reported[]> {
  const found = await withTimeout(handled(conversions(event)), { signal });
  const reported = await Promise.all(
    found.map(async (pending) => {
      try {
        const conversion = await withTimeout(pending, { signal });
        return conversion && (await report(conversion, () => identify?.(event), signal, reporter));
      } catch (error) {
        return lookupFailed(error, provider, reporter.warn);
      }
    }),
  );
  return reported.filter((each) => each !== undefined);
}

/** The items may be promises, which are left unhandled if the list arrives after the timeout. */
async function handled<Item>(list: readonly Item[] | PromiseLike<readonly Item[]>): Promise<readonly Item[]> {
  const items = await list;
  for (const item of items) if (isPromise(item)) ignoreRejection(item);
  return items;
}

function lookupFailed(error: unknown, provider: string, warn: Warn): Reported {
  const cause = isOursError(error)
    ? error.message
    : `conversions, identify or a call to the provider threw, or took longer than timeoutMs (${nameOf(error)})`;
  warn(`failed ${cause}`, `the lookup failed: ${cause}. The answer is 503, so that ${provider} retries.`);
  return { line: 'the lookup of what to report failed: retry', retry: true };
}
