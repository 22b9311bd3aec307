import { scopedClient } from '../client/scoped-client.js';
import { isOursError } from '../core/errors.js';
import { createWarnOnce, guardLogger } from '../core/logger.js';
import { withTimeout } from '../core/with-timeout.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { Conversion, ConversionSink } from './conversion.js';
import { HOW_TO_GET_RAW_BODIES, type RawWebhook, toIncoming } from './incoming.js';
import { type Reported, report } from './report.js';
import { isUnavailable } from './verification-failure.js';
import { checkOptions, type WebhookOptions } from './webhook-options.js';

/** What a provider is answered, as a Lambda function returns it: it sends the webhook again unless the status is 200. */
export interface WebhookAnswer {
  /**
   * 200: all is safe, or will never be accepted, or is of no interest. 400: the signature is wrong, or the provider is set up to
   * send something else. 413: the `Request` is larger than 1 MiB. 500: the server hands over parsed bodies. 503: try again. The
   * signature could not be checked, the body did not arrive in time, something could not be looked up or stored, or it does not
   * fit the client's `events`, which can be fixed while the provider retries.
   */
  readonly statusCode: 200 | 400 | 413 | 500 | 503;
  /** Plain text for the provider's dashboard: payment ids and what became of them. */
  readonly body: string;
}

/** Where the conversions of an event go, or why they go nowhere. */
export type Destination<Catalog extends EventCatalog> =
  | { readonly client: ConversionSink<Catalog> }
  | { readonly ignored: string };

export interface EndpointOptions<Event, Catalog extends EventCatalog> extends WebhookOptions<Event, Catalog> {
  /** Decides for one event, before anything is looked up. @default always `ours` */
  readonly destination?: ((event: Event, ours: ConversionSink<Catalog>) => Destination<Catalog>) | undefined;
}

/** A webhook's endpoint, whatever server it is mounted on. Neither method throws. */
export interface Endpoint {
  readonly timeoutMs: number;
  /** Verifies, reports and says what to answer. The signal ends every wait. */
  handle(webhook: RawWebhook, signal: AbortSignal): Promise<WebhookAnswer>;
  /** Warns about a topic at most once a minute. */
  warn(topic: string, message: string): void;
}

const TIMEOUT_MS = 8_000;
const LOOK_UP_FAILED = 'looking up what to report failed: send it again';

/** @throws {OursError} `invalid_option` when it is misconfigured */
export function createEndpoint<Event, Catalog extends EventCatalog>(
  options: EndpointOptions<Event, Catalog>,
): Endpoint {
  checkOptions(options);
  const { provider, verify, conversions, identify, ours, keys, timeoutMs = TIMEOUT_MS } = options;
  const { environment, acceptUnbound, maxAgeMs, sessionMaxAgeMs } = options;
  const opening = { environment, acceptUnbound, maxAgeMs, sessionMaxAgeMs };
  const destination = options.destination ?? ((_: Event, client: ConversionSink<Catalog>) => ({ client }));
  const warnings = createWarnOnce(guardLogger(options.logger ?? console), () => performance.now());
  const warn = (topic: string, message: string): void =>
    warnings.throttledEach(`${provider} webhook: ${message}`, topic);

  function refuse(error: unknown, isLate: boolean): WebhookAnswer {
    if (isLate || isUnavailable(error)) {
      warn(
        'unverified',
        `the signature of one could not be checked (${isOursError(error) ? error.message : nameOf(error)}): ${provider} was not reached, or verify took longer than timeoutMs. Nothing is sent; it is answered 503, so that ${provider} retries.`,
      );
      return { statusCode: 503, body: 'the signature could not be checked now: send it again' };
    }
    if (isOursError(error)) {
      warn(`refused ${error.message}`, `refused one: ${error.message}. Nothing is sent.`);
      return { statusCode: 400, body: error.message };
    }
    warn(
      'signature',
      `refused one whose signature could not be confirmed (${nameOf(error)}): it was changed, is too old, or the secret is another endpoint's. Nothing is sent.`,
    );
    return { statusCode: 400, body: 'the signature could not be confirmed' };
  }

  function lookUpFailed(error: unknown): Reported {
    const cause = isOursError(error)
      ? error.message
      : `conversions, identify or a call to the provider threw, or took longer than timeoutMs (${nameOf(error)})`;
    warn(
      `failed ${cause}`,
      `looking up what to report failed: ${cause}. It is answered 503, so that ${provider} retries.`,
    );
    return { line: LOOK_UP_FAILED, isLost: true };
  }

  async function reportAll(event: Event, client: ConversionSink<Catalog>, signal: AbortSignal): Promise<Reported[]> {
    const reporter = { ours: client, keys, opening, warn };
    const reportOne = async (
      pending: Conversion<Catalog> | Promise<Conversion<Catalog> | undefined>,
    ): Promise<Reported[]> => {
      const conversion = await withTimeout(pending, { signal });
      return conversion === undefined ? [] : [await report(conversion, () => identify?.(event), signal, reporter)];
    };
    // Each for itself: what can be reported now is not lost with what cannot.
    const found = await withTimeout(conversions(event), { signal });
    const reported = await Promise.all(found.map((each) => reportOne(each).catch((error) => [lookUpFailed(error)])));
    return reported.flat();
  }

  return {
    timeoutMs,
    warn,
    async handle(raw, signal) {
      // Before the first wait: it is the request's own on Workers.
      const own = scopedClient(ours);
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
        event = await withTimeout(verify(incoming), { signal });
      } catch (error) {
        return refuse(error, signal.aborted);
      }
      try {
        const target = destination(event, own);
        if ('ignored' in target) return { statusCode: 200, body: target.ignored };
        const reported = await reportAll(event, target.client, signal);
        return {
          statusCode: reported.some(({ isLost }) => isLost) ? 503 : 200,
          body: reported.map(({ line }) => line).join('\n') || 'nothing to report',
        };
      } catch (error) {
        return { statusCode: 503, body: lookUpFailed(error).line };
      }
    },
  };
}

/**
 * An error by its name: its message may hold what was signed. Errors of Stripe's package are all named `Error`, and their classes
 * lose their names in a minified bundle: what remains is `type`.
 */
export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  if (error.name !== 'Error') return error.name;
  const { type } = error as { readonly type?: unknown };
  return typeof type === 'string' && /^\w+$/.test(type) ? type : error.constructor.name;
}
