import { type StripeConversion, toTime } from './conversion.js';
import { paidAt, worthOf } from './invoices.js';
import type { StripeCallOptions, StripePayments } from './lookups.js';
import { tokenIn } from './metadata.js';
import { type StripeEvent, type StripeInvoice, subscriptionOf } from './objects.js';
import { started } from './subscriptions.js';

/** Stripe's maximum page size; invoices on further pages are later than these. */
const MAX_LISTED = 100;

/**
 * `subscription_started` from a paid invoice, if the subscription's own events cannot tell: for a first invoice that was sent to the
 * customer, and for the first one after a trial. The latter is not marked as such, and the former may be a fee during a trial, so
 * Stripe's API is called: at most twice, once for subscriptions without a trial.
 * @throws what Stripe's client throws
 */
export async function findFirstPayment(
  stripe: StripePayments,
  { type, data }: StripeEvent,
  options: StripeCallOptions,
): Promise<StripeConversion | undefined> {
  if (type !== 'invoice.paid' && type !== 'invoice.payment_succeeded') return undefined;
  const invoice = data.object as StripeInvoice;
  const { id, metadata } = subscriptionOf(invoice);
  if (id === undefined || worthOf(invoice) <= 0) return undefined;
  const isCreation = invoice.billing_reason === 'subscription_create';
  // With other methods the subscription becomes active once the invoice is paid, which its own event reports.
  if (isCreation && invoice.collection_method !== 'send_invoice') return undefined;
  const { trial_end } = await stripe.subscriptions.retrieve(id, {}, options);
  const isFirst =
    trial_end === null
      ? isCreation
      : invoice.created >= trial_end && !(await wasPaid(stripe, id, { gte: trial_end, lt: invoice.created }, options));
  const token = tokenIn(invoice.metadata) ?? tokenIn(metadata);
  return isFirst ? started(id, toTime(paidAt(invoice)), token) : undefined;
}

/** Whether an invoice above 0 that was created in this time, in seconds since the epoch, is paid. */
async function wasPaid(
  { invoices }: StripePayments,
  subscription: string,
  created: { readonly gte: number; readonly lt: number },
  options: StripeCallOptions,
): Promise<boolean> {
  const { data } = await invoices.list({ subscription, status: 'paid', created, limit: MAX_LISTED }, options);
  return data.some((invoice) => worthOf(invoice) > 0);
}
