import type { CommerceEvents } from '../../commerce/index.js';
import { checkOptionNames } from '../../core/check-option.js';
import { OursError } from '../../core/errors.js';
import type { ConversionSink } from '../conversion.js';
import { createEndpoint, type Endpoint } from '../endpoint.js';
import type { IncomingWebhook } from '../incoming.js';
import { mount, type Webhook } from '../webhook.js';
import { REPORTING_OPTIONS, type ReportingOptions } from '../webhook-options.js';
import type { StripeConversion } from './conversion.js';
import { conversionsFromStripe } from './conversions.js';
import { findFirstPayment } from './first-payment.js';
import { callOptionsFor, findToken, type StripePayments } from './lookups.js';
import type { StripeEvent } from './objects.js';

/** What is needed of the client of the package `stripe`. */
export interface StripeLike<Event extends StripeEvent = StripeEvent> extends StripePayments {
  readonly webhooks: {
    constructEventAsync(payload: string, header: string, secret: string): Promise<Event>;
  };
}

/** Where payments of Stripe's test mode go. */
export interface StripeTestMode {
  /** A client with a test token (`test_…`). */
  readonly ours: ConversionSink<CommerceEvents>;
  /** `new Stripe(key)` with a key of test mode: a live key cannot look up what is in test mode. */
  readonly stripe: StripePayments;
}

export interface StripeWebhookOptions<Event extends StripeEvent = StripeEvent> extends ReportingOptions<Event> {
  /** The client. Its `events` must have those of `commerceEvents`. */
  readonly ours: ConversionSink<CommerceEvents>;
  /**
   * `new Stripe(key)`. The key needs to read PaymentIntents, Charges, Invoices, Subscriptions and Checkout Sessions, to learn
   * whose a payment is and whether it is the first of a subscription.
   */
  readonly stripe: StripeLike<Event>;
  /** The endpoint's signing secret: `whsec_…`. */
  readonly secret: string | undefined;
  /**
   * Where payments of Stripe's test mode go (`livemode: false`). A Connect endpoint gets them together with live ones.
   * @default `ours` and `stripe`, if the token of `ours` is a test token; otherwise they are not reported
   */
  readonly testMode?: StripeTestMode | undefined;
}

const OPTIONS: ReadonlySet<string> = new Set(['stripe', 'secret', 'testMode', ...REPORTING_OPTIONS]);

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
  checkOptionNames('stripeWebhook', options, OPTIONS);
  const { stripe, secret, testMode } = options;
  if (typeof stripe?.webhooks?.constructEventAsync !== 'function') {
    throw new OursError('invalid_option', "stripe must be new Stripe(key) of the package 'stripe', 20 or later.");
  }
  if (typeof secret !== 'string' || !secret.startsWith('whsec_')) {
    throw new OursError(
      'invalid_option',
      `secret must be the endpoint's signing secret, whsec_…, not an API key; got ${secret ? 'something else.' : 'nothing: is the environment variable set?'}`,
    );
  }
  if (testMode !== undefined && !(typeof testMode.ours?.track === 'function' && testMode.stripe?.paymentIntents)) {
    throw new OursError(
      'invalid_option',
      'testMode must be { ours, stripe }: a client with a test token, and a Stripe.',
    );
  }

  const endpoint: Endpoint = createEndpoint<Event, CommerceEvents>({
    ...options,
    provider: 'Stripe',
    verify: (webhook) => verify(stripe, secret, webhook),
    destination(event, ours) {
      if (!isTestMode(event)) return { client: ours };
      if (testMode !== undefined) return { client: testMode.ours };
      if (ours.isTest === true) return { client: ours };
      endpoint.warn(
        'test mode',
        `payments of Stripe's test mode (livemode: false) are not reported, because the client's token is not a test token. To report them as test events, use a token that starts with test_, or pass testMode.`,
      );
      return { ignored: "not reported: a payment of Stripe's test mode, and the token is not a test token" };
    },
    conversions: (event) => conversionsOf(event, isTestMode(event) ? (testMode?.stripe ?? stripe) : stripe),
  });
  return mount(endpoint);
}

function isTestMode({ livemode }: StripeEvent): boolean {
  return livemode === false;
}

/** All that an event reports. Each is looked up for itself, so that a failure holds back only what it is about. */
function conversionsOf(event: StripeEvent, stripe: StripePayments): Promise<StripeConversion | undefined>[] {
  const call = callOptionsFor(event);

  async function withToken(conversion: StripeConversion): Promise<StripeConversion> {
    if (conversion.visitorToken !== undefined) return conversion;
    return { ...conversion, visitorToken: await findToken(stripe, conversion, call) };
  }
  const firstPayment = async (): Promise<StripeConversion | undefined> => {
    const conversion = await findFirstPayment(stripe, event, call);
    return conversion && withToken(conversion);
  };
  const lookUps = [...conversionsFromStripe(event).map(withToken), firstPayment()];
  return lookUps.map((lookUp) => lookUp.catch((error: unknown) => explain(error, event)));
}

/** Says what to do about an answer that is likely to stay the same. It may be passing as well, so Stripe retries. */
function explain(error: unknown, { type }: StripeEvent): never {
  const { statusCode } = error as { readonly statusCode?: number };
  const cause = statusCode === undefined ? undefined : REFUSALS[statusCode];
  if (cause === undefined) throw error;
  throw new OursError('invalid_option', `Stripe's API answered ${statusCode} about the objects of ${type}: ${cause}`, {
    cause: error,
  });
}

const REFUSALS: Readonly<Record<number, string>> = {
  401: 'the API key is wrong or was revoked',
  403: 'let the API key read PaymentIntents, Charges, Invoices, Subscriptions and Checkout Sessions',
  404: 'it does not have them yet, or the API key is of another account, or of another mode than the endpoint (test, live)',
};

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
