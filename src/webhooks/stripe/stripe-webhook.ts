import { scopedClient } from '../../client/scoped-client.js';
import type { CommerceEvents } from '../../commerce/index.js';
import { checkOptionNames, failOption } from '../../core/check-option.js';
import type { ConversionSink } from '../conversion.js';
import { createEndpoint, type Endpoint } from '../endpoint.js';
import { mount, type Webhook } from '../webhook.js';
import { REPORTING_OPTIONS, type ReportingOptions } from '../webhook-options.js';
import type { StripeConversion } from './conversion.js';
import { conversionsFromStripe } from './conversions.js';
import { findFirstPayment } from './first-payment.js';
import { callOptionsFor, findPayment, type StripePayments } from './lookups.js';
import type { StripeEvent } from './objects.js';
import { type StripeLike, verifyEvent } from './verify-event.js';

/** The clients for payments in Stripe's test mode. */
export interface StripeTestMode {
  /** A client with a test token (`test_…`). */
  readonly ours: ConversionSink<CommerceEvents>;
  /** `new Stripe(key)` with a test-mode key: a live key cannot look up test-mode objects. */
  readonly stripe: StripePayments;
}

export interface StripeWebhookOptions<Event extends StripeEvent = StripeEvent> extends ReportingOptions<Event> {
  /** The client. Its `events` must include `commerceEvents`. */
  readonly ours: ConversionSink<CommerceEvents>;
  /**
   * `new Stripe(key)`. The key needs permission to read PaymentIntents, Charges, Invoices, Subscriptions and Checkout Sessions, to
   * find a payment's visitor and a subscription's first payment.
   */
  readonly stripe: StripeLike<Event>;
  /** The endpoint's signing secret: `whsec_…`. */
  readonly secret: string | undefined;
  /**
   * For payments in Stripe's test mode (`livemode: false`), which a Connect endpoint receives together with live ones.
   * @default `ours` and `stripe`, if the token of `ours` is a test token; otherwise such payments are not reported
   */
  readonly testMode?: StripeTestMode | undefined;
}

const OPTIONS: ReadonlySet<string> = new Set(['stripe', 'secret', 'testMode', ...REPORTING_OPTIONS]);

/**
 * An endpoint for Stripe's webhooks; {@link conversionsFromStripe} lists what is reported. It answers 200 once the events are
 * stored, and for events that are not relevant or will never be accepted. Otherwise, including events missing from your `events`,
 * Stripe retries for 3 days.
 *
 * @example
 * const webhook = stripeWebhook({ stripe, secret: process.env.STRIPE_WEBHOOK_SECRET, ours, keys });
 * app.post('/webhooks/stripe', express.raw({ type: 'application/json', limit: '1mb' }), webhook.express);
 * // or, in a Next.js route handler
 * export const POST = webhook.request;
 *
 * @throws {OursError} `invalid_option`
 */
export function stripeWebhook<Event extends StripeEvent>(options: StripeWebhookOptions<Event>): Webhook {
  checkOptionNames('stripeWebhook', options, OPTIONS);
  const { stripe, testMode } = options;
  const secret = checkStripe(options);
  const endpoint: Endpoint = createEndpoint<Event, CommerceEvents>({
    ...options,
    provider: 'Stripe',
    verify: (webhook) => verifyEvent(stripe, secret, webhook),
    openDestination(ours) {
      const test = testMode ? scopedClient(testMode.ours) : ours.isTest === true ? ours : undefined;
      return (event) => {
        if (!isTestMode(event)) return { client: ours };
        if (test !== undefined) return { client: test };
        endpoint.warn(
          'test mode',
          `payments in Stripe's test mode (livemode: false) are not reported, because the client's token is not a test token. To report them as test events, use a token that starts with test_, or pass testMode.`,
        );
        return { ignored: "not reported: the payment is in Stripe's test mode, and the token is not a test token" };
      };
    },
    conversions: (event) => conversionsOf(event, isTestMode(event) ? (testMode?.stripe ?? stripe) : stripe),
  });
  return mount(endpoint);
}

/** Returns the signing secret. @throws {OursError} `invalid_option` */
function checkStripe<Event extends StripeEvent>({ stripe, secret, testMode }: StripeWebhookOptions<Event>): string {
  if (typeof stripe?.webhooks?.constructEventAsync !== 'function') {
    failOption("stripe must be new Stripe(key) of the package 'stripe', version 20 or later.");
  }
  if (typeof secret !== 'string' || !secret.startsWith('whsec_')) {
    failOption(
      `secret must be the endpoint's signing secret, whsec_…, not an API key; got ${secret ? 'something else.' : 'nothing: is the environment variable set?'}`,
    );
  }
  if (testMode !== undefined && !(typeof testMode.ours?.track === 'function' && testMode.stripe?.paymentIntents)) {
    failOption('testMode must be { ours, stripe }: a client with a test token, and a Stripe client.');
  }
  return secret;
}

function isTestMode({ livemode }: StripeEvent): boolean {
  return livemode === false;
}

/** All conversions of an event. Each has its own lookup, so that a failure affects only one. */
function conversionsOf(event: StripeEvent, stripe: StripePayments): Promise<StripeConversion | undefined>[] {
  const call = callOptionsFor(event);

  async function withToken(conversion: StripeConversion): Promise<StripeConversion> {
    if (conversion.visitorToken !== undefined) return conversion;
    const { token, orderId } = await findPayment(stripe, conversion, call);
    if (orderId === undefined) return { ...conversion, visitorToken: token };
    return {
      ...conversion,
      eventProperties: { ...conversion.eventProperties, order_id: orderId },
      visitorToken: token,
    } as StripeConversion;
  }
  const firstPayment = async (): Promise<StripeConversion | undefined> => {
    const conversion = await findFirstPayment(stripe, event, call);
    return conversion && withToken(conversion);
  };
  const lookUps = [...conversionsFromStripe(event).map(withToken), firstPayment()];
  return lookUps.map((lookUp) => lookUp.catch((error: unknown) => explain(error, event)));
}

/** Explains how to fix an error that is probably permanent. It may be temporary, so Stripe retries. */
function explain(error: unknown, { type }: StripeEvent): never {
  const { statusCode } = error as { readonly statusCode?: number };
  const cause = statusCode === undefined ? undefined : REFUSALS[statusCode];
  if (cause === undefined) throw error;
  failOption(`Stripe's API answered ${statusCode} for the objects of ${type}: ${cause}`, { cause: error });
}

const REFUSALS: Readonly<Record<number, string>> = {
  401: 'the API key is wrong or was revoked',
  403: 'allow the API key to read PaymentIntents, Charges, Invoices, Subscriptions and Checkout Sessions',
  404: 'they do not exist yet, or the API key belongs to another account or to another mode than the endpoint (test, live)',
};
