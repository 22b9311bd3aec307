import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromMinorUnits } from '../../../src/webhooks/index.js';
import { conversionsFromStripe } from '../../../src/webhooks/stripe/index.js';
import {
  CREATED,
  carrying,
  charge,
  invoice,
  olderInvoice,
  paymentIntent,
  session,
  stripeEvent,
  subscription,
} from './events.js';

const TOKEN = 'sealed';
// The end of Stripe's second.
const TIME = CREATED * 1000 + 999;
const carried = carrying(TOKEN);

function conversionOf(type: string, object: object, fields?: object) {
  const conversions = conversionsFromStripe(stripeEvent(type, object, { ...fields }));
  expect(conversions.length).toBeLessThanOrEqual(1);
  return conversions[0];
}

describe('a one-off payment', () => {
  const purchase = {
    event: 'purchase',
    eventProperties: { order_id: 'pi_1', value: 49.9, currency: 'EUR' },
    distinctId: 'purchase:pi_1',
    time: TIME,
    visitorToken: TOKEN,
  };

  it.each([
    ['checkout.session.completed', session(carried)],
    ['checkout.session.completed', session({ ...carried, payment_intent: { id: 'pi_1', object: 'payment_intent' } })],
    ['checkout.session.async_payment_succeeded', session(carried)],
    ['payment_intent.succeeded', paymentIntent(carried)],
    ['charge.succeeded', charge(carried)],
    ['charge.captured', charge(carried)],
  ])('is the same purchase in %s', (type, object) => {
    expect(conversionOf(type, object)).toEqual(purchase);
  });

  it('is not a purchase before it succeeds', () => {
    expect(
      conversionOf('checkout.session.completed', session({ ...carried, payment_status: 'unpaid' })),
    ).toBeUndefined();
    expect(conversionOf('charge.succeeded', charge({ ...carried, captured: false }))).toBeUndefined();
    expect(conversionOf('charge.succeeded', charge({ ...carried, paid: false }))).toBeUndefined();
    for (const type of ['payment_intent.created', 'payment_intent.processing', 'checkout.session.expired']) {
      expect(conversionOf(type, paymentIntent(carried))).toBeUndefined();
    }
  });

  it('has the captured amount if it is less than the authorised one', () => {
    const partly = { ...carried, amount: 10_000, amount_received: 1_000, amount_captured: 1_000 };
    expect(conversionOf('payment_intent.succeeded', paymentIntent(partly))?.eventProperties).toMatchObject({
      value: 10,
    });
    expect(conversionOf('charge.captured', charge(partly))?.eventProperties).toMatchObject({ value: 10 });
  });

  it('uses the session’s id if it is free, and the charge’s id if there is nothing else', () => {
    const free = session({ payment_status: 'no_payment_required', payment_intent: null, amount_total: 0 });
    expect(conversionOf('checkout.session.completed', free)).toMatchObject({
      distinctId: 'purchase:cs_1',
      eventProperties: { order_id: 'cs_1', value: 0 },
    });
    expect(conversionOf('charge.succeeded', charge({ ...carried, payment_intent: null }))).toMatchObject({
      distinctId: 'purchase:ch_1',
    });
  });

  it('is reported by its session even without a visitor, but not by a PaymentIntent or charge without one', () => {
    expect(conversionOf('checkout.session.completed', session())).toMatchObject({ distinctId: 'purchase:pi_1' });
    expect(conversionOf('payment_intent.succeeded', paymentIntent())).toBeUndefined();
    expect(conversionOf('charge.succeeded', charge())).toBeUndefined();
  });
});

describe('a subscription', () => {
  it.each([
    ['today', invoice],
    ['before 2025-03-31', olderInvoice],
  ])('is purchased by its first invoice and renewed by later ones, in the format of %s', (_, shape) => {
    for (const type of ['invoice.paid', 'invoice.payment_succeeded']) {
      expect(conversionOf(type, shape(TOKEN))).toEqual({
        event: 'purchase',
        eventProperties: { order_id: 'in_1', value: 49.9, currency: 'EUR', subscription_id: 'sub_1' },
        distinctId: 'purchase:in_1',
        time: TIME,
        visitorToken: TOKEN,
      });
      expect(conversionOf(type, shape(TOKEN, { billing_reason: 'subscription_cycle' }))).toEqual({
        event: 'subscription_renewed',
        eventProperties: { order_id: 'in_1', value: 49.9, currency: 'EUR', subscription_id: 'sub_1' },
        distinctId: 'renewal:in_1',
        time: TIME,
        visitorToken: TOKEN,
      });
    }
  });

  it('is not purchased again by its session, its PaymentIntent or its charge', () => {
    const bySession = session({ ...carried, mode: 'subscription', payment_intent: null, invoice: 'in_1' });
    expect(conversionOf('checkout.session.completed', bySession)).toBeUndefined();
    expect(conversionOf('payment_intent.succeeded', paymentIntent())).toBeUndefined();
    expect(conversionOf('charge.succeeded', charge())).toBeUndefined();
  });

  it('is paid when its invoice is paid, even if that was open for a long time', () => {
    const open = invoice(TOKEN, { created: CREATED - 20 * 86_400 });
    expect(conversionOf('invoice.paid', open)).toMatchObject({ time: TIME });
  });

  it('has a trial_started event and no purchase during a trial', () => {
    expect(conversionOf('invoice.paid', invoice(TOKEN, { total: 0, amount_paid: 0 }))).toBeUndefined();
    const onTrial = subscription({ ...carried, status: 'trialing', trial_end: CREATED });
    expect(conversionOf('customer.subscription.created', onTrial)).toEqual({
      event: 'trial_started',
      eventProperties: { subscription_id: 'sub_1' },
      distinctId: 'trial:sub_1',
      time: TIME,
      visitorToken: TOKEN,
    });
  });

  it.each([
    ['the whole', 0, -4990],
    ['a part', 2990, -2000],
  ])('is purchased at its full price if the credit balance pays %s of it', (_, amount_paid, starting_balance) => {
    expect(conversionOf('invoice.paid', invoice(TOKEN, { amount_paid, starting_balance }))).toMatchObject({
      distinctId: 'purchase:in_1',
      eventProperties: { value: 49.9 },
    });
  });

  it.each([
    ['a credit note larger than the plan', -500],
    ['a free plan', 0],
  ])('is not purchased by an invoice of %s', (_, total) => {
    expect(conversionOf('invoice.paid', invoice(TOKEN, { total, amount_paid: 0 }))).toBeUndefined();
  });

  it('is cancelled', () => {
    const ended = subscription({
      ...carried,
      status: 'canceled',
      ended_at: CREATED,
      cancellation_details: { reason: 'payment_failed', comment: null },
    });
    expect(conversionOf('customer.subscription.deleted', ended)).toEqual({
      event: 'subscription_cancelled',
      eventProperties: { subscription_id: 'sub_1', reason: 'payment_failed' },
      distinctId: 'cancellation:sub_1',
      time: TIME,
      visitorToken: TOKEN,
    });
  });
});

describe('an invoice of another kind', () => {
  const plain = { billing_reason: 'manual', parent: null };

  it('is a purchase if its own metadata has a visitor', () => {
    expect(conversionOf('invoice.paid', invoice(undefined, { ...plain, ...carried }))).toMatchObject({
      distinctId: 'purchase:in_1',
      visitorToken: TOKEN,
    });
  });

  it('is not reported otherwise: Checkout creates some for payments that the session reports', () => {
    expect(conversionOf('invoice.paid', invoice(undefined, plain))).toBeUndefined();
    for (const billing_reason of ['subscription_update', 'subscription_threshold']) {
      expect(conversionOf('invoice.paid', invoice(TOKEN, { billing_reason }))).toBeUndefined();
    }
  });
});

describe('the time of a payment', () => {
  it('is when it succeeded, not when it was created, in every event', () => {
    const begun = { ...carried, created: CREATED - 86_400 };
    expect(conversionOf('payment_intent.succeeded', paymentIntent(begun))?.time).toBe(TIME);
    expect(conversionOf('charge.captured', charge(begun))?.time).toBe(TIME);
    expect(conversionOf('checkout.session.async_payment_succeeded', session(begun))?.time).toBe(TIME);
  });
});

describe('amounts', () => {
  it.each([
    [4990, 'usd', 49.9],
    [1999, 'EUR', 19.99],
    [7300, 'jpy', 7300],
    [50_000, 'krw', 50_000],
    [15_250, 'kwd', 15.25],
    [5_124, 'bhd', 5.124],
    // They have no minor unit any more, but still two digits.
    [500, 'isk', 5],
    [500, 'ugx', 5],
    [1_045, 'huf', 10.45],
    [80_045, 'twd', 800.45],
  ])('of %d %s are %d', (amount, currency, value) => {
    expect(fromMinorUnits(amount, currency)).toBe(value);
    expect(
      conversionOf('payment_intent.succeeded', paymentIntent({ ...carried, currency, amount_received: amount })),
    ).toMatchObject({
      eventProperties: { value, currency: currency.toUpperCase() },
    });
  });
});

describe('any other event', () => {
  it('is not reported', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'toString', 'customer.created')), (type) => {
        expect(conversionsFromStripe(stripeEvent(type, { id: 'x' }))).toEqual([]);
      }),
    );
  });

  it('never includes a name, an email or a product', () => {
    const text = JSON.stringify([
      conversionOf('checkout.session.completed', session(carried)),
      conversionOf('payment_intent.succeeded', paymentIntent(carried)),
      conversionOf('invoice.paid', invoice(TOKEN)),
      conversionOf('customer.subscription.deleted', subscription(carried)),
    ]);
    expect(text).not.toMatch(/example\.org|Buyer|expensive/);
  });
});
