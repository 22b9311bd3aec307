import { purchaseId } from '../../commerce/purchase-id.js';
import { type StripeConversion, toMoney, toTime } from './conversion.js';
import { tokenIn } from './metadata.js';
import { type InvoiceAmounts, type StripeInvoice, subscriptionOf } from './objects.js';

/** An invoice of 0 reports nothing: trials and free plans have one. */
export function fromInvoice(invoice: StripeInvoice): StripeConversion | undefined {
  const { id, billing_reason, currency, metadata } = invoice;
  const worth = worthOf(invoice);
  if (worth <= 0) return undefined;
  const subscription = subscriptionOf(invoice);
  const ownToken = tokenIn(metadata);
  const isRenewal = billing_reason === 'subscription_cycle';
  if (!isRenewal && billing_reason !== 'subscription_create' && ownToken === undefined) return undefined;
  return {
    event: isRenewal ? 'subscription_renewed' : 'purchase',
    eventProperties: { order_id: id, ...toMoney(worth, currency), subscription_id: subscription.id },
    distinctId: isRenewal ? `renewal:${id}` : purchaseId(id),
    time: toTime(paidAt(invoice)),
    visitorToken: ownToken ?? tokenIn(subscription.metadata),
  };
}

/**
 * In minor units. Includes what the customer's credit balance paid, which `amount_paid` does not; without what was credited before
 * the payment, which `total` still has.
 */
export function worthOf({ total, amount_paid = 0, pre_payment_credit_notes_amount }: InvoiceAmounts): number {
  return total === undefined ? amount_paid : total - (pre_payment_credit_notes_amount ?? 0);
}

/** Seconds since the epoch. An invoice may have been open for a long time. */
export function paidAt({ created, status_transitions }: StripeInvoice): number {
  return status_transitions.paid_at ?? created;
}
