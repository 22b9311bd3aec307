import type { Stripe } from 'stripe';
import type { Ours } from './ours.js';
import type { Receipt } from './packages.js';
import { fromMinorUnits } from './prices.js';

/** How a payment carries its visitor to the webhook. Two opaque ids and nothing else: no name, no email, no product. */
export interface PaymentMetadata extends Record<string, string | null> {
  readonly ours_visitor_id: string | null;
  readonly ours_session_id: string | null;
}

/** Reports a payment as a purchase, as often as Stripe likes to tell of it. */
export function trackPurchase(ours: Ours, payment: Stripe.PaymentIntent): Receipt {
  const { ours_visitor_id: userId, ours_session_id: sessionId } = payment.metadata;
  return ours.visitor({ userId, sessionId }).track(
    'purchase',
    {
      order_id: payment.id,
      value: fromMinorUnits(payment.amount, payment.currency),
      currency: payment.currency.toUpperCase(),
    },
    {
      // Named after the payment, not after the webhook: however often it comes, it counts once.
      distinctId: `purchase:${payment.id}`,
      // When the visitor paid, not when the webhook came.
      time: payment.created * 1_000,
    },
  );
}
