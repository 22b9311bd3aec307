import { expect, it } from 'vitest';
import { fromInvoice } from '../../../src/webhooks/stripe/invoices.js';
import type { StripeInvoice } from '../../../src/webhooks/stripe/objects.js';
import { CREATED, carrying, invoice } from './events.js';

const convert = (fields: object = {}, subscriptionToken?: string) =>
  fromInvoice(invoice(subscriptionToken, fields as never) as unknown as StripeInvoice);

it.each([
  ['subscription_create', 'purchase', 'purchase:in_1'],
  ['subscription_cycle', 'subscription_renewed', 'renewal:in_1'],
])('reports %s as %s', (billing_reason, event, distinctId) => {
  expect(convert({ billing_reason })).toMatchObject({
    event,
    distinctId,
    eventProperties: { order_id: 'in_1', value: 49.9, currency: 'EUR', subscription_id: 'sub_1' },
  });
});

it('reports an invoice for another reason only if it carries a visitor itself', () => {
  expect(convert({ billing_reason: 'manual' }, 'of the subscription')).toBeUndefined();
  expect(convert({ billing_reason: 'manual', ...carrying('own') })).toMatchObject({
    event: 'purchase',
    visitorToken: 'own',
  });
});

it('prefers the visitor of the invoice to that of the subscription', () => {
  expect(convert({}, 'of the subscription')).toMatchObject({ visitorToken: 'of the subscription' });
  expect(convert(carrying('own'), 'of the subscription')).toMatchObject({ visitorToken: 'own' });
});

it('reports nothing for a trial’s invoice of 0', () => {
  expect(convert({ total: 0, amount_paid: 0 })).toBeUndefined();
});

it('counts what the customer’s credit balance paid', () => {
  expect(convert({ amount_paid: 1_000 })).toMatchObject({ eventProperties: { value: 49.9 } });
});

it('takes the collected amount of an invoice without a total', () => {
  expect(convert({ total: undefined, amount_paid: 1_000 })).toMatchObject({ eventProperties: { value: 10 } });
});

it('does not count what was credited before the payment', () => {
  const credited = { pre_payment_credit_notes_amount: 4_000 };
  expect(convert(credited)).toMatchObject({ eventProperties: { value: 9.9 } });
  expect(convert({ pre_payment_credit_notes_amount: 4_990, amount_paid: 0 })).toBeUndefined();
});

it('happens when the invoice was paid, or created if that is not known', () => {
  expect(convert({ status_transitions: { paid_at: CREATED + 60 } })).toMatchObject({
    time: (CREATED + 60) * 1000 + 999,
  });
  expect(convert({ status_transitions: { paid_at: null } })).toMatchObject({ time: CREATED * 1000 + 999 });
});
