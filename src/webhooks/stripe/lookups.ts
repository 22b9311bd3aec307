import type { StripeConversion } from './conversion.js';
import { tokenIn, tokenOfSession } from './metadata.js';
import {
  type InvoiceAmounts,
  type InvoiceLike,
  type StripeEvent,
  type StripeMetadata,
  subscriptionOf,
} from './objects.js';

export interface StripeCallOptions {
  /** The connected account. */
  stripeAccount?: string;
  /** The organization's account. */
  stripeContext?: string;
  /** Milliseconds. */
  timeout: number;
  maxNetworkRetries: number;
}

// Stripe waits for the webhook's answer, and retries the webhook.
const CALL = { timeout: 3_000, maxNetworkRetries: 0 };

/** Calls are made in the account that the event's objects belong to. */
export function callOptionsFor({ account, context }: StripeEvent): StripeCallOptions {
  // An event of an organization's connected account has both; the context is the full path.
  if (context) return { ...CALL, stripeContext: context };
  return account ? { ...CALL, stripeAccount: account } : CALL;
}

interface PaymentIntentLike {
  readonly metadata: StripeMetadata;
  /** Before API version 2025-03-31. */
  readonly invoice?: string | null;
}

interface SessionLike {
  readonly metadata: StripeMetadata | null;
  readonly client_reference_id: string | null;
}

/** The part of the `stripe` client that looks up a payment's visitor, and whether it is a subscription's first payment. */
export interface StripePayments {
  readonly paymentIntents: {
    retrieve(id: string, params: object, options: StripeCallOptions): PromiseLike<PaymentIntentLike>;
  };
  readonly charges: {
    retrieve(id: string, params: object, options: StripeCallOptions): PromiseLike<{ metadata: StripeMetadata }>;
  };
  readonly invoices: {
    retrieve(id: string, params: object, options: StripeCallOptions): PromiseLike<InvoiceLike>;
    list(
      params: { subscription: string; status: 'paid'; created: { gte: number; lt: number }; limit: number },
      options: StripeCallOptions,
    ): PromiseLike<{ data: readonly InvoiceAmounts[] }>;
  };
  readonly subscriptions: {
    retrieve(id: string, params: object, options: StripeCallOptions): PromiseLike<{ trial_end: number | null }>;
  };
  readonly checkout: {
    readonly sessions: {
      list(
        params: { payment_intent?: string; subscription?: string; limit: number },
        options: StripeCallOptions,
      ): PromiseLike<{ data: readonly SessionLike[] }>;
    };
  };
  readonly invoicePayments: {
    list(
      params: { payment: { type: 'payment_intent'; payment_intent: string }; expand: string[]; limit: number },
      options: StripeCallOptions,
    ): PromiseLike<{ data: readonly { readonly invoice: string | InvoiceLike }[] }>;
  };
}

/** What the payment of a conversion tells about it. */
interface Found {
  readonly token: string | undefined;
  /** The `order_id` of the purchase, if it is an invoice's: a refund or dispute names only the PaymentIntent. */
  readonly orderId?: string | undefined;
}

/**
 * The visitor token of a conversion's payment or subscription, and its order, if the event does not have the token: for refunds, disputes, and payments by
 * Payment Link, pricing table or buy button, whose token is only on the Checkout Session. At most three calls to Stripe.
 * @throws what Stripe's client throws
 */
export async function findPayment(
  stripe: StripePayments,
  { eventProperties }: StripeConversion,
  options: StripeCallOptions,
): Promise<Found> {
  const { order_id, subscription_id } = eventProperties as {
    readonly order_id?: string;
    readonly subscription_id?: string;
  };
  if (subscription_id !== undefined) {
    return { token: await tokenOfCheckout({ subscription: subscription_id }, stripe, options) };
  }
  if (order_id?.startsWith('ch_') || order_id?.startsWith('py_')) {
    return { token: tokenIn((await stripe.charges.retrieve(order_id, {}, options)).metadata) };
  }
  return order_id?.startsWith('pi_') ? ofPaymentIntent(order_id, stripe, options) : { token: undefined };
}

async function ofPaymentIntent(id: string, stripe: StripePayments, options: StripeCallOptions): Promise<Found> {
  const { metadata, invoice } = await stripe.paymentIntents.retrieve(id, {}, options);
  const token = tokenIn(metadata);
  if (token !== undefined) return { token };
  const paid = await invoiceOf(id, invoice, stripe, options);
  const subscription = paid && subscriptionOf(paid);
  const onInvoice = tokenIn(paid?.metadata) ?? tokenIn(subscription?.metadata);
  if (onInvoice !== undefined) return { token: onInvoice, orderId: paid?.id };
  // A session in subscription mode has no PaymentIntent.
  if (subscription?.id !== undefined) {
    return { token: await tokenOfCheckout({ subscription: subscription.id }, stripe, options), orderId: paid?.id };
  }
  return { token: await tokenOfCheckout({ payment_intent: id }, stripe, options) };
}

async function invoiceOf(
  payment_intent: string,
  invoice: string | null | undefined,
  { invoices, invoicePayments }: StripePayments,
  options: StripeCallOptions,
): Promise<InvoiceLike | undefined> {
  // Before API version 2025-03-31 `invoice` is an id or null, and there are no invoice payments.
  if (invoice !== undefined) return invoice === null ? undefined : invoices.retrieve(invoice, {}, options);
  const { data } = await invoicePayments.list(
    { payment: { type: 'payment_intent', payment_intent }, expand: ['data.invoice'], limit: 1 },
    options,
  );
  const paid = data[0]?.invoice;
  return typeof paid === 'object' ? paid : undefined;
}

async function tokenOfCheckout(
  about: { payment_intent: string } | { subscription: string },
  { checkout }: StripePayments,
  options: StripeCallOptions,
): Promise<string | undefined> {
  const { data } = await checkout.sessions.list({ ...about, limit: 1 }, options);
  return data[0] && tokenOfSession(data[0]);
}
