import type { Money } from '../../commerce/index.js';
import { type Payment, paymentIdOf, purchaseId } from '../../commerce/purchase-id.js';
import { type StripeConversion, toMoney, toTime } from './conversion.js';
import { fromInvoice } from './invoices.js';
import { tokenIn, tokenOfSession } from './metadata.js';
import type {
  StripeCharge,
  StripeDispute,
  StripeEvent,
  StripeInvoice,
  StripePaymentIntent,
  StripeRefund,
  StripeSession,
  StripeSubscription,
} from './objects.js';
import { fromDispute, fromRefund } from './reversals.js';
import {
  fromChangedSubscription,
  fromEndedSubscription,
  fromNewSubscription,
  fromResumedSubscription,
} from './subscriptions.js';

/**
 * The conversions of a Stripe event; most events have none. Pure: a payment always has the same `distinctId`, regardless of order
 * and repetition.
 *
 * | payment | events | `distinctId` |
 * |---|---|---|
 * | Checkout, one-off | `checkout.session.completed` unless unpaid, `….async_payment_succeeded` | `purchase:<payment intent>`, for a free order `purchase:<session>` |
 * | PaymentIntent, charge | `payment_intent.succeeded`, `charge.succeeded`, `charge.captured`, with a visitor token in the metadata | `purchase:<payment intent, else charge>` |
 * | a subscription's first invoice | `invoice.paid`, `invoice.payment_succeeded` | `purchase:<invoice>` |
 * | its later ones | the same | `renewal:<invoice>` |
 * | any other invoice | the same, with a visitor token in its own metadata | `purchase:<invoice>` |
 * | refund | `refund.created`, `refund.updated`, `charge.refund.updated`, once it has succeeded | `refund:<refund>` |
 * | dispute | `charge.dispute.created`, unless it is an inquiry, and `….updated`, once an inquiry became a dispute | `dispute:<dispute>` |
 * | subscription | `customer.subscription.created`, `….updated`, `….resumed`, `….deleted` | `trial:…`, `subscription:…`, `cancellation:<subscription>` |
 *
 * A free order in Checkout is a purchase of 0. An invoice of 0 reports nothing, because trials have one. The first paid invoice
 * after a trial has the billing reason `subscription_cycle`, so it is a `subscription_renewed`: a shop with trials should use
 * `subscription_started` as its goal. Only Stripe's API knows the first payment after a trial: {@link stripeWebhook} calls it, this
 * function does not. Invoices with another billing reason than `subscription_create` and `subscription_cycle`, such as
 * `subscription_update` for a change of plan, are reported only if their own metadata has a visitor.
 *
 * A PaymentIntent does not tell whether it belongs to an invoice, which reports the same money (Stripe removed that field in 2025).
 * Stripe does not copy metadata into the PaymentIntent of an invoice, so a token in its metadata tells them apart.
 */
export function conversionsFromStripe(event: StripeEvent): readonly StripeConversion[] {
  if (!Object.hasOwn(READERS, event.type)) return [];
  const read = READERS[event.type as keyof EventObjects] as Reader<object>;
  const conversion = read(event.data.object, event);
  return conversion === undefined ? [] : [conversion];
}

/** The supported events and their objects. */
interface EventObjects {
  'checkout.session.completed': StripeSession;
  'checkout.session.async_payment_succeeded': StripeSession;
  'payment_intent.succeeded': StripePaymentIntent;
  'charge.succeeded': StripeCharge;
  'charge.captured': StripeCharge;
  'invoice.paid': StripeInvoice;
  'invoice.payment_succeeded': StripeInvoice;
  'refund.created': StripeRefund;
  'refund.updated': StripeRefund;
  'charge.refund.updated': StripeRefund;
  'charge.dispute.created': StripeDispute;
  'charge.dispute.updated': StripeDispute;
  'customer.subscription.created': StripeSubscription;
  'customer.subscription.updated': StripeSubscription;
  'customer.subscription.resumed': StripeSubscription;
  'customer.subscription.deleted': StripeSubscription;
}

type Reader<Subject> = (subject: Subject, event: StripeEvent) => StripeConversion | undefined;

const READERS: { readonly [Type in keyof EventObjects]: Reader<EventObjects[Type]> } = {
  'checkout.session.completed': fromSession,
  'checkout.session.async_payment_succeeded': fromSession,
  'payment_intent.succeeded': fromPaymentIntent,
  'charge.succeeded': fromCharge,
  'charge.captured': fromCharge,
  'invoice.paid': fromInvoice,
  'invoice.payment_succeeded': fromInvoice,
  'refund.created': fromRefund,
  'refund.updated': fromRefund,
  'charge.refund.updated': fromRefund,
  'charge.dispute.created': fromDispute,
  'charge.dispute.updated': fromDispute,
  'customer.subscription.created': fromNewSubscription,
  'customer.subscription.updated': fromChangedSubscription,
  'customer.subscription.resumed': fromResumedSubscription,
  'customer.subscription.deleted': fromEndedSubscription,
};

function fromSession(session: StripeSession, event: StripeEvent): StripeConversion | undefined {
  const { mode, payment_status, amount_total, currency } = session;
  // In subscription mode the invoice has the amount.
  if (mode !== 'payment' || payment_status === 'unpaid' || currency === null) return undefined;
  return purchase(session, toMoney(amount_total ?? 0, currency), event.created, tokenOfSession(session));
}

function fromPaymentIntent(intent: StripePaymentIntent, event: StripeEvent): StripeConversion | undefined {
  const { amount_received, currency, metadata } = intent;
  const token = tokenIn(metadata);
  return token === undefined ? undefined : purchase(intent, toMoney(amount_received, currency), event.created, token);
}

/** A charge has its PaymentIntent's metadata. One that is only authorised is not a payment yet. */
function fromCharge(charge: StripeCharge, event: StripeEvent): StripeConversion | undefined {
  const { paid, captured, amount_captured, currency, metadata } = charge;
  const token = tokenIn(metadata);
  if (token === undefined || !paid || !captured) return undefined;
  return purchase(charge, toMoney(amount_captured, currency), event.created, token);
}

/**
 * `paidAt` is when the payment succeeded. All events of a payment agree on it; the session and the PaymentIntent may have been
 * created long before, before the visitor's exposure.
 */
function purchase(payment: Payment, money: Money, paidAt: number, visitorToken: string | undefined): StripeConversion {
  return {
    event: 'purchase',
    eventProperties: { order_id: paymentIdOf(payment), ...money },
    distinctId: purchaseId(payment),
    time: toTime(paidAt),
    visitorToken,
  };
}
