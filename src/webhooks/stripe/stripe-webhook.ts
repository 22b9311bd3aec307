import type { CommerceEvents } from '../../commerce/index.js';
import { OursError } from '../../errors.js';
import { createEpisodes, guardLogger } from '../../logger.js';
import type { ConversionSink } from '../conversion.js';
import type { IncomingWebhook } from '../incoming.js';
import { createWebhook, type Webhook } from '../webhook.js';
import type { ReportingOptions } from '../webhook-options.js';
import { conversionsFromStripe, type StripeConversion } from './conversions.js';
import { findToken, type StripePayments } from './find-token.js';
import type { StripeEvent } from './objects.js';

/** What is needed of the client of the package `stripe`. */
export interface StripeLike<Event extends StripeEvent = StripeEvent> extends StripePayments {
  readonly webhooks: {
    constructEventAsync(payload: string, header: string, secret: string): Promise<Event>;
  };
}

export interface StripeWebhookOptions<Event extends StripeEvent = StripeEvent> extends ReportingOptions<Event> {
  /** The client. Its `events` must have those of `commerceEvents`. */
  readonly ours: ConversionSink<CommerceEvents>;
  /** `new Stripe(key)`. The key needs to read PaymentIntents, Charges and Invoices, to learn whose a payment is. */
  readonly stripe: StripeLike<Event>;
  /** The endpoint's signing secret: `whsec_…`. */
  readonly secret: string | undefined;
}

// Stripe waits for the answer, and is itself the one who tries again.
const LOOKUP = { timeout: 3_000, maxNetworkRetries: 0 };

/**
 * An endpoint for Stripe's webhooks: see {@link conversionsFromStripe} for what is reported. It answers 200 when all is safe, and
 * for events that are of no interest or will never be accepted; everything else, also what your `events` do not have, makes Stripe
 * send the webhook again, for 3 days.
 *
 * @example
 * const webhook = stripeWebhook({ stripe, secret: process.env.STRIPE_WEBHOOK_SECRET, ours, keys });
 * app.post('/webhooks/stripe', express.raw({ type: 'application/json', limit: '1mb' }), webhook.express);
 * // or, in a Next.js route handler
 * export const POST = webhook.request;
 *
 * @throws {OursError} `invalid_option` when it is misconfigured
 */
export function stripeWebhook<Event extends StripeEvent>(options: StripeWebhookOptions<Event>): Webhook {
  const { stripe, secret } = options;
  if (typeof stripe?.webhooks?.constructEventAsync !== 'function') {
    throw new OursError('invalid_option', "stripe must be new Stripe(key) of the package 'stripe', 20 or later.");
  }
  if (typeof secret !== 'string' || !secret.startsWith('whsec_')) {
    throw new OursError(
      'invalid_option',
      `secret must be the endpoint's signing secret, whsec_…, not an API key; got ${secret ? 'something else.' : 'nothing: is the environment variable set?'}`,
    );
  }
  const episodes = createEpisodes(guardLogger(options.logger ?? console), () => performance.now());

  async function withToken(conversion: StripeConversion, { account }: StripeEvent): Promise<StripeConversion> {
    if (conversion.visitorToken !== undefined) return conversion;
    try {
      const call = account === undefined ? LOOKUP : { ...LOOKUP, stripeAccount: account };
      return { ...conversion, visitorToken: await findToken(stripe, conversion, call) };
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      episodes.remind(
        refusal,
        `Stripe does not say whose payment ${conversion.distinctId} is about. ${refusal}; until then such events are reported only where identify() knows them.`,
      );
      return conversion;
    }
  }

  return createWebhook<Event, CommerceEvents>({
    ...options,
    provider: 'Stripe',
    verify: (webhook) => verify(stripe, secret, webhook),
    conversions: (event) => Promise.all(conversionsFromStripe(event).map((conversion) => withToken(conversion, event))),
  });
}

const THIN = 'v2.core.event';

async function verify<Event extends StripeEvent>(
  { webhooks }: StripeLike<Event>,
  secret: string,
  { body, headers }: IncomingWebhook,
): Promise<Event> {
  try {
    // The asynchronous one works on every runtime. It refuses what is older than 300 seconds.
    const event = await webhooks.constructEventAsync(body, headers['stripe-signature'] ?? '', secret);
    if ((event as { readonly object?: unknown }).object !== THIN) return event;
  } catch (error) {
    // Later majors refuse a thin event themselves, once its signature is confirmed.
    const { type } = error as { readonly type?: string };
    if (type === 'StripeSignatureVerificationError' || !body.includes(THIN)) throw error;
  }
  throw new OursError(
    'invalid_option',
    `this is a thin event (${THIN}), which does not hold the payment: give this endpoint's event destination the payload style Snapshot`,
  );
}

/** What to do about an answer that asked again would be the same. */
function refusalOf(error: unknown): string | undefined {
  const { statusCode } = error as { readonly statusCode?: number };
  if (statusCode === 401 || statusCode === 403) return 'Let the API key read PaymentIntents, Charges and Invoices';
  if (statusCode === 404) return 'The API key is of another account, or of another mode than the endpoint (test, live)';
  return undefined;
}
