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

interface InvoiceLike {
  readonly id: string;
  readonly metadata?: StripeMetadata | null;
  readonly parent?: { readonly subscription_details: { readonly metadata: StripeMetadata | null } | null } | null;
}

/** What is asked of the client of the package `stripe`, to learn whose a refund or a dispute is. */
export interface StripePayments {
  readonly paymentIntents: {
    retrieve(id: string, params: object, options: StripeCallOptions): PromiseLike<{ metadata: StripeMetadata }>;
  };
  readonly charges: {
    retrieve(id: string, params: object, options: StripeCallOptions): PromiseLike<{ metadata: StripeMetadata }>;
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
  { paymentIntents, charges, invoicePayments }: StripePayments,
  { eventProperties }: StripeConversion,
  options: StripeCallOptions,
): Promise<string | undefined> {
  const { order_id } = eventProperties as { readonly order_id?: string };
  if (order_id?.startsWith('ch_') || order_id?.startsWith('py_')) {
    return tokenIn((await charges.retrieve(order_id, {}, options)).metadata);
  }
  if (!order_id?.startsWith('pi_')) return undefined;
  const { metadata } = await paymentIntents.retrieve(order_id, {}, options);
  const token = tokenIn(metadata);
  if (token !== undefined) return token;
  const { data } = await invoicePayments.list(
    { payment: { type: 'payment_intent', payment_intent: order_id }, expand: ['data.invoice'], limit: 1 },
    options,
  );
  const invoice = data[0]?.invoice;
  if (typeof invoice !== 'object') return undefined;
  return tokenIn(invoice.metadata) ?? tokenIn(invoice.parent?.subscription_details?.metadata);
}
