import type { StripeConversion } from './conversions.js';
import { tokenIn } from './metadata.js';
import type { StripeMetadata } from './objects.js';

export interface StripeCallOptions {
  /** The connected account to ask in. */
  stripeAccount?: string;
  /** Milliseconds. */
  timeout: number;
  maxNetworkRetries: number;
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

/** What is asked of the client of the package `stripe`, to learn whose a payment is. */
export interface StripePayments {
  readonly paymentIntents: {
    retrieve(id: string, params: object, options: StripeCallOptions): PromiseLike<PaymentIntentLike>;
  };
  readonly charges: {
    retrieve(id: string, params: object, options: StripeCallOptions): PromiseLike<{ metadata: StripeMetadata }>;
  };
  readonly invoices: {
    retrieve(id: string, params: object, options: StripeCallOptions): PromiseLike<InvoiceLike>;
  };
  readonly invoicePayments: {
    list(
      params: { payment: { type: 'payment_intent'; payment_intent: string }; expand: string[]; limit: number },
      options: StripeCallOptions,
    ): PromiseLike<{ data: readonly { readonly invoice: string | InvoiceLike }[] }>;
  };
}

/**
 * The visitor token of the payment that a conversion is about, for what does not carry it: refunds, disputes, and a session
 * whose payment alone has it. At most two calls to Stripe.
 * @throws what Stripe's client throws
 */
export async function findToken(
  stripe: StripePayments,
  { eventProperties }: StripeConversion,
  options: StripeCallOptions,
): Promise<string | undefined> {
  const { order_id } = eventProperties as { readonly order_id?: string };
  if (order_id?.startsWith('ch_') || order_id?.startsWith('py_')) {
    return tokenIn((await stripe.charges.retrieve(order_id, {}, options)).metadata);
  }
  if (!order_id?.startsWith('pi_')) return undefined;
  const { metadata, invoice } = await stripe.paymentIntents.retrieve(order_id, {}, options);
  const token = tokenIn(metadata);
  if (token !== undefined) return token;
  // A client that is pinned to an API version before 2025-03-31 is told the invoice, or null, and has no invoice payments.
  if (invoice === undefined) return tokenOfPaid(order_id, stripe, options);
  return invoice === null ? undefined : tokenOf(await stripe.invoices.retrieve(invoice, {}, options));
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
