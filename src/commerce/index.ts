import type { EventSchema } from '../protocol/catalog.js';

export { type Payment, type PurchaseIdOptions, purchaseId } from './purchase-id.js';

import { AMOUNT, CURRENCY, eventShape, TEXT } from './event-shape.js';

/** An amount of money. */
export interface Money {
  /** In whole units of the currency: 49.9, not 4990. */
  readonly value: number;
  /** ISO 4217 in capitals, such as `EUR`. */
  readonly currency: string;
}

/** A first payment: a one-off order, or a subscription's first period. */
export interface PurchaseProperties extends Money {
  /** The order's or the payment's id. */
  readonly order_id: string;
  /** The subscription that it started. */
  readonly subscription_id?: string | undefined;
}

/** A refund never reduces a goal: conversions are counted, not summed. */
export interface RefundProperties extends Money {
  readonly refund_id: string;
  /** The order's or the payment's id, as the purchase had it. */
  readonly order_id?: string | undefined;
  /** The provider's code, such as `duplicate`. */
  readonly reason?: string | undefined;
}

/** The customer's bank claims the money back. */
export interface DisputeProperties extends Money {
  readonly dispute_id: string;
  /** The order's or the payment's id, as the purchase had it. */
  readonly order_id?: string | undefined;
  /** The provider's code, such as `fraudulent`. */
  readonly reason?: string | undefined;
}

/**
 * The first payment of a subscription, at its start or after a trial. Use it as the goal of a shop with trials, where Stripe's first
 * paid invoice is already a renewal. A trial that ends without a payment does not start a subscription.
 */
export interface SubscriptionStartedProperties {
  readonly subscription_id: string;
}

/** A later period of a subscription was paid. */
export interface SubscriptionRenewedProperties extends Money {
  /** The invoice's or the payment's id. */
  readonly order_id: string;
  readonly subscription_id?: string | undefined;
}

/** A subscription ended. */
export interface SubscriptionCancelledProperties {
  readonly subscription_id: string;
  /** The provider's code, such as `payment_failed`. */
  readonly reason?: string | undefined;
}

/** A subscription started with a free trial. */
export interface TrialStartedProperties {
  readonly subscription_id: string;
}

/** A request for contact: a form, a call, a booked demo. */
export interface LeadProperties {
  readonly lead_id?: string | undefined;
  /** Its value to you. */
  readonly value?: number | undefined;
  readonly currency?: string | undefined;
}

type Schema<Properties> = EventSchema<Properties, Properties>;

/** The events of {@link commerceEvents} by name. */
export type CommerceEvents = {
  readonly purchase: Schema<PurchaseProperties>;
  readonly refund: Schema<RefundProperties>;
  readonly dispute: Schema<DisputeProperties>;
  readonly subscription_started: Schema<SubscriptionStartedProperties>;
  readonly subscription_renewed: Schema<SubscriptionRenewedProperties>;
  readonly subscription_cancelled: Schema<SubscriptionCancelledProperties>;
  readonly trial_started: Schema<TrialStartedProperties>;
  readonly lead: Schema<LeadProperties>;
};

const MONEY = { value: AMOUNT, currency: CURRENCY };

/**
 * The events of a shop, for the option `events` of `createClient`. This package's webhooks report them. To change one, replace its
 * schema.
 *
 * @example
 * const ours = createClient({ token, events: { ...commerceEvents, page_viewed: z.object({ page: z.string() }) } });
 */
export const commerceEvents: CommerceEvents = {
  purchase: eventShape<PurchaseProperties>({ order_id: TEXT, ...MONEY }, { subscription_id: TEXT }),
  refund: eventShape<RefundProperties>({ refund_id: TEXT, ...MONEY }, { order_id: TEXT, reason: TEXT }),
  dispute: eventShape<DisputeProperties>({ dispute_id: TEXT, ...MONEY }, { order_id: TEXT, reason: TEXT }),
  subscription_started: eventShape<SubscriptionStartedProperties>({ subscription_id: TEXT }, {}),
  subscription_renewed: eventShape<SubscriptionRenewedProperties>(
    { order_id: TEXT, ...MONEY },
    { subscription_id: TEXT },
  ),
  subscription_cancelled: eventShape<SubscriptionCancelledProperties>({ subscription_id: TEXT }, { reason: TEXT }),
  trial_started: eventShape<TrialStartedProperties>({ subscription_id: TEXT }, {}),
  lead: eventShape<LeadProperties>({}, { lead_id: TEXT, ...MONEY }),
};
