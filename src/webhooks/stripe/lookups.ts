import type { StripeConversion } from './conversion.js';
import { tokenIn, tokenOfSession } from './metadata.js';
import type { StripeEvent, StripeMetadata } from './objects.js';

export interface StripeCallOptions {
  /** The connected account to ask in. */
  stripeAccount?: string;
  /** The account of an organization to ask in. */
  stripeContext?: string;
  /** Milliseconds. */
  timeout: number;
  maxNetworkRetries: number;
}

// Stripe waits for the answer, and it retries.
const CALL = { timeout: 3_000, maxNetworkRetries: 0 };

/** How to ask about an event's objects: in the account that they belong to. */
export function callOptionsFor({ account, context }: StripeEvent): StripeCallOptions {
  // An event of an organization's connected account names both; its context is the whole path.
  if (context) return { ...CALL, stripeContext: context };
  return account ? { ...CALL, stripeAccount: account } : CALL;
}

interface PaymentIntentLike {
  readonly metadata: StripeMetadata;
  /** Before API version 2025-03-31. */
  readonly invoice?: string | null;
}

interface InvoiceDetails {
  readonly metadata: StripeMetadata | null;
}

interface InvoiceLike {
  readonly id: string;
  readonly metadata?: StripeMetadata | null;
  /** Since API version 2025-03-31. */
  readonly parent?: { readonly subscription_details: InvoiceDetails | null } | null;
  /** Before API version 2025-03-31. */
  readonly subscription_details?: InvoiceDetails | null;
}

interface SessionLike {
  readonly metadata: StripeMetadata | null;
  readonly client_reference_id: string | null;
}

/** What is asked of the client of the package `stripe`: whose a payment is, and whether it is a subscription's first. */
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
    ): PromiseLike<{ data: readonly { readonly total: number }[] }>;
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

/**
 * The visitor token of the payment or subscription that a conversion is about, for what does not carry it: refunds, disputes, and
 * whatever began with a Payment Link, a pricing table or a buy button, where the Checkout Session alone has it. At most three
 * calls to Stripe.
 * @throws what Stripe's client throws
 */
export async function findToken(
  stripe: StripePayments,
  { eventProperties }: StripeConversion,
  options: StripeCallOptions,
): Promise<string | undefined> {
  const { order_id, subscription_id } = eventProperties as {
    readonly order_id?: string;
    readonly subscription_id?: string;
  };
  if (subscription_id !== undefined) return tokenOfCheckout({ subscription: subscription_id }, stripe, options);
  if (order_id?.startsWith('ch_') || order_id?.startsWith('py_')) {
    return tokenIn((await stripe.charges.retrieve(order_id, {}, options)).metadata);
  }
  if (!order_id?.startsWith('pi_')) return undefined;
  const { metadata, invoice } = await stripe.paymentIntents.retrieve(order_id, {}, options);
  const token = tokenIn(metadata) ?? (await tokenOfInvoice(order_id, invoice, stripe, options));
  return token ?? tokenOfCheckout({ payment_intent: order_id }, stripe, options);
}

async function tokenOfInvoice(
  payment_intent: string,
  invoice: string | null | undefined,
  stripe: StripePayments,
  options: StripeCallOptions,
): Promise<string | undefined> {
  // A client that is pinned to an API version before 2025-03-31 is told the invoice, or null, and has no invoice payments.
  if (invoice === undefined) return tokenOfPaid(payment_intent, stripe, options);
  return invoice === null ? undefined : tokenOf(await stripe.invoices.retrieve(invoice, {}, options));
}

async function tokenOfCheckout(
  about: { payment_intent: string } | { subscription: string },
  { checkout }: StripePayments,
  options: StripeCallOptions,
): Promise<string | undefined> {
  const { data } = await checkout.sessions.list({ ...about, limit: 1 }, options);
  return data[0] && tokenOfSession(data[0]);
}

async function tokenOfPaid(
  payment_intent: string,
  { invoicePayments }: StripePayments,
  options: StripeCallOptions,
): Promise<string | undefined> {
  const { data } = await invoicePayments.list(
    { payment: { type: 'payment_intent', payment_intent }, expand: ['data.invoice'], limit: 1 },
    options,
  );
  const invoice = data[0]?.invoice;
  return typeof invoice === 'object' ? tokenOf(invoice) : undefined;
}

function tokenOf({ metadata, parent, subscription_details }: InvoiceLike): string | undefined {
  return tokenIn(metadata) ?? tokenIn((parent?.subscription_details ?? subscription_details)?.metadata);
}
