import type { CommerceEvents, Money } from '../../commerce/index.js';
import { type Payment, paymentIdOf, purchaseId } from '../../commerce/purchase-id.js';
import type { Conversion } from '../conversion.js';
import { fromMinorUnits } from '../minor-units.js';
import { tokenIn } from './metadata.js';
import {
  idOf,
  type StripeCharge,
  type StripeEvent,
  type StripeInvoice,
  type StripePaymentIntent,
  type StripeReversal,
  type StripeSession,
  type StripeSubscription,
} from './objects.js';

/** What Stripe's events are reported as. */
export type StripeConversion = Conversion<CommerceEvents>;

/**
 * What an event of Stripe is to be reported as; nothing for most. Pure: whatever comes, however often and in whatever order,
 * one payment has one `distinctId`.
 *
 * | payment | told of by | `distinctId` |
 * |---|---|---|
 * | Checkout, one-off | `checkout.session.completed` unless unpaid, `….async_payment_succeeded` | `purchase:<payment intent>`, of a free order `purchase:<session>` |
 * | PaymentIntent, charge | `payment_intent.succeeded`, `charge.succeeded`, `charge.captured`, with a visitor token in the metadata | `purchase:<payment intent, else charge>` |
 * | a subscription's first invoice | `invoice.paid`, `invoice.payment_succeeded` | `purchase:<invoice>` |
 * | its later ones | the same | `renewal:<invoice>` |
 * | any other invoice | the same, with a visitor token in its own metadata | `purchase:<invoice>` |
 * | refund, dispute | `refund.created`, `charge.dispute.created` | `refund:<refund>`, `dispute:<dispute>` |
 * | subscription | `customer.subscription.created`, `….updated`, `….deleted` | `trial:…`, `subscription:…`, `cancellation:<subscription>` |
 *
 * A free order of Checkout is a purchase of 0; an invoice of 0 is none, for trials have one. The first paid invoice after a trial
 * has the billing reason `subscription_cycle`, so it is a `subscription_renewed`: for a shop with trials the goal is
 * `subscription_started`. Invoices of any other billing reason than `subscription_create` and `subscription_cycle`, such as
 * `subscription_update` for a change of plan, report nothing unless they carry a visitor themselves.
 *
 * A PaymentIntent does not say whether an invoice is behind it, which reports the same money (Stripe took that field away in
 * 2025). Stripe copies metadata into no PaymentIntent of an invoice: the token in its metadata tells them apart.
 */
export function conversionsFromStripe(event: StripeEvent): readonly StripeConversion[] {
  if (!Object.hasOwn(READERS, event.type)) return [];
  const read = READERS[event.type as keyof EventObjects] as Reader<object>;
  const conversion = read(event.data.object, event);
  return conversion === undefined ? [] : [conversion];
}

/** The events that are read, and what they are about. */
interface EventObjects {
  'checkout.session.completed': StripeSession;
  'checkout.session.async_payment_succeeded': StripeSession;
  'payment_intent.succeeded': StripePaymentIntent;
  'charge.succeeded': StripeCharge;
  'charge.captured': StripeCharge;
  'invoice.paid': StripeInvoice;
  'invoice.payment_succeeded': StripeInvoice;
  'refund.created': StripeReversal;
  'charge.dispute.created': StripeReversal;
  'customer.subscription.created': StripeSubscription;
  'customer.subscription.updated': StripeSubscription;
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
  'charge.dispute.created': fromDispute,
  'customer.subscription.created': fromNewSubscription,
  'customer.subscription.updated': fromChangedSubscription,
  'customer.subscription.deleted': fromEndedSubscription,
};

function fromSession(session: StripeSession, event: StripeEvent): StripeConversion | undefined {
  const { mode, payment_status, amount_total, currency, metadata } = session;
  // What a session in subscription mode costs is told by its invoice.
  if (mode !== 'payment' || payment_status === 'unpaid' || currency === null) return undefined;
  return purchase(session, toMoney(amount_total ?? 0, currency), event.created, tokenIn(metadata));
}

function fromPaymentIntent(intent: StripePaymentIntent, event: StripeEvent): StripeConversion | undefined {
  const { amount_received, currency, metadata } = intent;
  const token = tokenIn(metadata);
  return token === undefined ? undefined : purchase(intent, toMoney(amount_received, currency), event.created, token);
}

/** A charge carries its PaymentIntent's metadata. One that is only authorised is no payment yet. */
function fromCharge(charge: StripeCharge, event: StripeEvent): StripeConversion | undefined {
  const { paid, captured, amount_captured, currency, metadata } = charge;
  const token = tokenIn(metadata);
  if (token === undefined || !paid || !captured) return undefined;
  return purchase(charge, toMoney(amount_captured, currency), event.created, token);
}

function fromInvoice(invoice: StripeInvoice): StripeConversion | undefined {
  const { id, billing_reason, amount_paid, currency, created, metadata, status_transitions } = invoice;
  // The invoice of a free trial.
  if (amount_paid === 0) return undefined;
  const details = invoice.parent?.subscription_details ?? invoice.subscription_details;
  const subscription_id = idOf(details?.subscription ?? invoice.subscription);
  const ownToken = tokenIn(metadata);
  const token = ownToken ?? tokenIn(details?.metadata);
  // It may have been written long before.
  const paidAt = status_transitions.paid_at ?? created;
  const money = toMoney(amount_paid, currency);
  if (billing_reason === 'subscription_cycle') {
    return {
      event: 'subscription_renewed',
      eventProperties: { order_id: id, ...money, subscription_id },
      distinctId: `renewal:${id}`,
      time: toTime(paidAt),
      visitorToken: token,
    };
  }
  if (billing_reason !== 'subscription_create' && ownToken === undefined) return undefined;
  return purchase(invoice.id, money, paidAt, token, subscription_id);
}

/** The visitor of a refund or a dispute is known to the payment: see `findToken`. */
function fromRefund(refund: StripeReversal): StripeConversion {
  const { id, amount, currency, created, metadata } = refund;
  return {
    event: 'refund',
    eventProperties: { refund_id: id, ...reversed(refund), ...toMoney(amount, currency) },
    distinctId: `refund:${id}`,
    time: toTime(created),
    visitorToken: tokenIn(metadata),
  };
}

function fromDispute(dispute: StripeReversal): StripeConversion {
  const { id, amount, currency, created, metadata } = dispute;
  return {
    event: 'dispute',
    eventProperties: { dispute_id: id, ...reversed(dispute), ...toMoney(amount, currency) },
    distinctId: `dispute:${id}`,
    time: toTime(created),
    visitorToken: tokenIn(metadata),
  };
}

function fromNewSubscription(subscription: StripeSubscription): StripeConversion | undefined {
  const { id, status, created, metadata } = subscription;
  if (status === 'active') return started(subscription, created);
  if (status !== 'trialing') return undefined;
  return {
    event: 'trial_started',
    eventProperties: { subscription_id: id },
    distinctId: `trial:${id}`,
    time: toTime(created),
    visitorToken: tokenIn(metadata),
  };
}

/** From `incomplete`, when its first payment took a while, or from `trialing`. */
function fromChangedSubscription(subscription: StripeSubscription, event: StripeEvent): StripeConversion | undefined {
  const { status } = (event.data.previous_attributes ?? {}) as { readonly status?: string };
  const hasBegun = subscription.status === 'active' && (status === 'incomplete' || status === 'trialing');
  return hasBegun ? started(subscription, event.created) : undefined;
}

function fromEndedSubscription(subscription: StripeSubscription, event: StripeEvent): StripeConversion {
  const { id, ended_at, cancellation_details, metadata } = subscription;
  return {
    event: 'subscription_cancelled',
    eventProperties: { subscription_id: id, reason: cancellation_details?.reason ?? undefined },
    distinctId: `cancellation:${id}`,
    time: toTime(ended_at ?? event.created),
    visitorToken: tokenIn(metadata),
  };
}

function started({ id, metadata }: StripeSubscription, begunAt: number): StripeConversion {
  return {
    event: 'subscription_started',
    eventProperties: { subscription_id: id },
    distinctId: `subscription:${id}`,
    time: toTime(begunAt),
    visitorToken: tokenIn(metadata),
  };
}

/**
 * `paidAt` is when the money was there: events of one payment agree on it, while its session and its PaymentIntent may have been
 * begun long before, on a page where the visitor had seen nothing yet.
 */
function purchase(
  payment: Payment,
  money: Money,
  paidAt: number,
  visitorToken: string | undefined,
  subscription_id?: string,
): StripeConversion {
  return {
    event: 'purchase',
    eventProperties: { order_id: paymentIdOf(payment), ...money, subscription_id },
    distinctId: purchaseId(payment),
    time: toTime(paidAt),
    visitorToken,
  };
}

function reversed({ payment_intent, charge, reason }: StripeReversal) {
  return { order_id: idOf(payment_intent) ?? idOf(charge), reason: reason ?? undefined };
}

function toMoney(amount: number, currency: string): Money {
  return { value: fromMinorUnits(amount, currency), currency: currency.toUpperCase() };
}

/** Stripe cuts off the rest of a second. Its end, or a payment would lie before the variant that was seen in that second. */
function toTime(seconds: number): number {
  return seconds * 1000 + 999;
}
