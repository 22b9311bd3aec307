import { expect, it, vi } from 'vitest';
import { findFirstPayment } from '../../../src/webhooks/stripe/first-payment.js';
import type { StripePayments } from '../../../src/webhooks/stripe/lookups.js';
import { CREATED, invoice, stripeEvent } from './events.js';

const OPTIONS = { timeout: 1, maxNetworkRetries: 0 };

/** What is found for an invoice of a subscription with this trial and these earlier invoices, and Stripe's calls. */
async function find(
  fields: object,
  { trialEnd = null as number | null, earlier = [] as number[], type = 'invoice.paid' } = {},
) {
  const retrieve = vi.fn(async () => ({ trial_end: trialEnd }));
  const list = vi.fn(async () => ({ data: earlier.map((total) => ({ total })) }));
  const stripe = { subscriptions: { retrieve }, invoices: { list } } as unknown as StripePayments;
  const found = await findFirstPayment(stripe, stripeEvent(type, invoice(undefined, fields as never)), OPTIONS);
  return { event: found?.event, calls: retrieve.mock.calls.length + list.mock.calls.length };
}

const STARTED = 'subscription_started';
const CYCLE = { billing_reason: 'subscription_cycle' };

it('is the first invoice of a subscription that was sent to the customer', async () => {
  expect(await find({ collection_method: 'send_invoice' })).toEqual({ event: STARTED, calls: 1 });
  // The subscription's own event reports this one.
  expect(await find({ collection_method: 'charge_automatically' })).toEqual({ event: undefined, calls: 0 });
});

it('is no fee that was sent to the customer during a trial', async () => {
  const sent = { collection_method: 'send_invoice' };
  expect(await find(sent, { trialEnd: CREATED + 1 })).toEqual({ event: undefined, calls: 1 });
});

it('is the first invoice above 0 since the trial ended', async () => {
  expect(await find(CYCLE, { trialEnd: CREATED })).toEqual({ event: STARTED, calls: 2 });
  expect(await find(CYCLE, { trialEnd: CREATED - 9, earlier: [0] })).toEqual({ event: STARTED, calls: 2 });
  expect(await find(CYCLE, { trialEnd: CREATED - 9, earlier: [0, 4990] })).toEqual({ event: undefined, calls: 2 });
});

it('is not found for a subscription without a trial, or during the trial, after one call', async () => {
  expect(await find(CYCLE)).toEqual({ event: undefined, calls: 1 });
  expect(await find(CYCLE, { trialEnd: CREATED + 1 })).toEqual({ event: undefined, calls: 1 });
});

it.each<[string, object, string]>([
  ['an invoice of 0', { ...CYCLE, total: 0, amount_paid: 0 }, 'invoice.paid'],
  ['an invoice without a subscription', { ...CYCLE, parent: null }, 'invoice.paid'],
  ['an event of another type', CYCLE, 'invoice.created'],
])('is not looked up for %s', async (_, fields, type) => {
  expect(await find(fields, { trialEnd: CREATED, type })).toEqual({ event: undefined, calls: 0 });
});
