import type { CommerceEvents } from '../../commerce/index.js';
import { OursError } from '../../errors.js';
import { createEpisodes, guardLogger } from '../../logger.js';
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

export interface StripeWebhookOptions<Event extends StripeEvent = StripeEvent>
  extends ReportingOptions<Event, CommerceEvents> {
  /** `new Stripe(key)`. The key needs to read PaymentIntents, Charges and Invoices, for the visitors of refunds and disputes. */
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
      if (!isRefusal(error)) throw error;
      episodes.remind(
        'lookup',
        `Stripe refused to say whose payment ${conversion.distinctId} is about. Let the API key read PaymentIntents, Charges and Invoices; until then such events are reported only where identify() knows them.`,
      );
      return conversion;
    }
  }

  return createWebhook<Event, CommerceEvents>({
    ...options,
    provider: 'Stripe',
    // The asynchronous one works on every runtime. It refuses what is older than 300 seconds.
    verify: ({ body, headers }) => stripe.webhooks.constructEventAsync(body, headers['stripe-signature'] ?? '', secret),
    conversions: (event) => Promise.all(conversionsFromStripe(event).map((conversion) => withToken(conversion, event))),
  });
}

/** No permission, or no such payment: asked again it would answer the same. */
function isRefusal(error: unknown): boolean {
  const { statusCode } = error as { readonly statusCode?: number };
  return statusCode === 401 || statusCode === 403 || statusCode === 404;
}
