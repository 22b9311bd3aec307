import type { StripeEvent } from '../../../src/webhooks/stripe/index.js';

/** Objects in the format of Stripe's API, with the fields that matter and some that must be ignored. */

/** Seconds since the epoch: a moment ago. */
export const CREATED: number = Math.floor(Date.now() / 1000) - 30;

type Fields = Readonly<Record<string, unknown>>;

let number = 0;

export function stripeEvent(type: string, object: object, fields: Fields = {}): StripeEvent {
  number += 1;
  return {
    id: `evt_${number}`,
    object: 'event',
    type,
    created: CREATED,
    livemode: true,
    data: { object },
    ...fields,
  } as StripeEvent;
}

/** Metadata with a visitor. */
export function carrying(token: string | undefined): Fields {
  return { metadata: token === undefined ? {} : { order: '17', ours_visitor: token } };
}

export function session(fields: Fields = {}): Fields {
  return {
    id: 'cs_1',
    object: 'checkout.session',
    mode: 'payment',
    payment_status: 'paid',
    payment_intent: 'pi_1',
    amount_total: 4990,
    currency: 'eur',
    client_reference_id: null,
    created: CREATED,
    customer_details: { email: 'buyer@example.org', name: 'A Buyer' },
    metadata: {},
    ...fields,
  };
}

export function paymentIntent(fields: Fields = {}): Fields {
  return {
    id: 'pi_1',
    object: 'payment_intent',
    status: 'succeeded',
    amount: 4990,
    amount_received: 4990,
    currency: 'eur',
    created: CREATED,
    receipt_email: 'buyer@example.org',
    metadata: {},
    ...fields,
  };
}

export function charge(fields: Fields = {}): Fields {
  return {
    id: 'ch_1',
    object: 'charge',
    status: 'succeeded',
    paid: true,
    captured: true,
    payment_intent: 'pi_1',
    amount: 4990,
    amount_captured: 4990,
    currency: 'eur',
    created: CREATED,
    metadata: {},
    ...fields,
  };
}

/** As of API version 2025-03-31. */
export function invoice(subscriptionToken: string | undefined, fields: Fields = {}): Fields {
  return {
    id: 'in_1',
    object: 'invoice',
    billing_reason: 'subscription_create',
    collection_method: 'charge_automatically',
    total: 4990,
    amount_paid: 4990,
    currency: 'eur',
    created: CREATED,
    status_transitions: { paid_at: CREATED },
    customer_email: 'buyer@example.org',
    metadata: {},
    parent: {
      type: 'subscription_details',
      quote_details: null,
      subscription_details: { subscription: 'sub_1', ...carrying(subscriptionToken) },
    },
    ...fields,
  };
}

/** Before API version 2025-03-31. */
export function olderInvoice(subscriptionToken: string | undefined, fields: Fields = {}): Fields {
  const { parent: _, ...others } = invoice(undefined, fields);
  return {
    ...others,
    subscription: 'sub_1',
    payment_intent: 'pi_1',
    subscription_details: carrying(subscriptionToken),
  };
}

export function subscription(fields: Fields = {}): Fields {
  return {
    id: 'sub_1',
    object: 'subscription',
    status: 'active',
    created: CREATED,
    collection_method: 'charge_automatically',
    trial_end: null,
    items: { data: [{ current_period_start: CREATED }] },
    ended_at: null,
    cancellation_details: { reason: null, comment: 'too expensive' },
    metadata: {},
    ...fields,
  };
}

export function refund(fields: Fields = {}): Fields {
  return {
    id: 're_1',
    object: 'refund',
    amount: 990,
    currency: 'eur',
    created: CREATED,
    charge: 'ch_1',
    payment_intent: 'pi_1',
    reason: 'requested_by_customer',
    status: 'succeeded',
    metadata: {},
    ...fields,
  };
}

export function dispute(fields: Fields = {}): Fields {
  return {
    id: 'dp_1',
    object: 'dispute',
    amount: 4990,
    currency: 'eur',
    created: CREATED,
    charge: 'ch_1',
    payment_intent: 'pi_1',
    reason: 'fraudulent',
    status: 'needs_response',
    metadata: {},
    ...fields,
  };
}
