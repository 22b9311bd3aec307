import { type StripeConversion, toTime } from './conversion.js';
import { paidAt, worthOf } from './invoices.js';
import type { StripeCallOptions, StripePayments } from './lookups.js';
import { tokenIn } from './metadata.js';
import { type StripeEvent, type StripeInvoice, subscriptionOf } from './objects.js';
import { started } from './subscriptions.js';

/** Stripe's maximum page size; invoices on further pages are later than these. */
const MAX_LISTED = 100;

/**
 * `subscription_started` from a paid invoice, if the subscription's own events cannot tell: for an invoice that was sent to the
 * customer, and for the first one after a trial. The latter is not marked as such, so Stripe's API is called: at most twice, once
 * for subscriptions without a trial.
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
  const isFirst =
    invoice.billing_reason === 'subscription_create'
      ? // With other methods the subscription becomes active once the invoice is paid, which its own event reports.
        invoice.collection_method === 'send_invoice'
      : await isFirstSinceTrial(stripe, id, invoice.created, options);
  const token = tokenIn(invoice.metadata) ?? tokenIn(metadata);
  return isFirst ? started(id, toTime(paidAt(invoice)), token) : undefined;
}

async function isFirstSinceTrial(
  { subscriptions, invoices }: StripePayments,
  subscription: string,
  created: number,
  options: StripeCallOptions,
): Promise<boolean> {
  const { trial_end } = await subscriptions.retrieve(subscription, {}, options);
  if (trial_end === null || created < trial_end) return false;
  const { data } = await invoices.list(
    { subscription, status: 'paid', created: { gte: trial_end, lt: created }, limit: MAX_LISTED },
    options,
  );
  return !data.some((earlier) => worthOf(earlier) > 0);
}
