import { describe, expect, it } from 'vitest';
import { conversionsFromStripe } from '../../../src/webhooks/stripe/index.js';
import { openShop, tracker } from '../shop.js';
import { endpoint } from './endpoint.js';
import { CREATED, carrying, invoice, stripeEvent, subscription } from './events.js';
import { signed, startStripe } from './service.js';

const TRIAL_END = CREATED - 3_600;
const onTrial = { trial_end: TRIAL_END, items: { data: [{ current_period_start: TRIAL_END }] } };
const longAgo = { trial_end: TRIAL_END - 90 * 86_400 };

function conversionsOf(type: string, fields: object, before?: string): string[] {
  const object = subscription({ ...carrying('sealed'), ...fields });
  const data = { object, ...(before !== undefined && { previous_attributes: { status: before } }) };
  return conversionsFromStripe(stripeEvent(type, object, { data })).map(({ distinctId }) => distinctId);
}

describe('the states of a subscription', () => {
  const UPDATED = 'customer.subscription.updated';
  const CREATION = 'customer.subscription.created';

  it.each<[string, string, object, string | undefined]>([
    ['is created as active', CREATION, {}, undefined],
    ['becomes active from incomplete', UPDATED, {}, 'incomplete'],
    ['becomes active from paused after its trial', UPDATED, onTrial, 'paused'],
    ['is resumed after its trial', 'customer.subscription.resumed', onTrial, undefined],
    ['becomes active from past_due in the period after its trial', UPDATED, onTrial, 'past_due'],
    ['becomes active from unpaid in the period after its trial', UPDATED, onTrial, 'unpaid'],
    [
      'does so by an API version before 2025-03-31',
      UPDATED,
      { trial_end: TRIAL_END, items: { data: [{}] }, current_period_start: TRIAL_END },
      'past_due',
    ],
  ])('start it when it %s', (_, type, fields, before) => {
    expect(conversionsOf(type, fields, before)).toEqual(['subscription:sub_1']);
  });

  it.each<[string, string, object, string | undefined]>([
    ['becomes active when its trial ends: Stripe collects later', UPDATED, onTrial, 'trialing'],
    ['is created as active with an open invoice', CREATION, { collection_method: 'send_invoice' }, undefined],
    ['is created as incomplete', CREATION, { status: 'incomplete' }, undefined],
    ['expires as incomplete', UPDATED, { status: 'incomplete_expired' }, 'incomplete'],
    ['becomes past_due after its trial', UPDATED, { ...onTrial, status: 'past_due' }, 'trialing'],
    ['becomes paused after its trial', UPDATED, { ...onTrial, status: 'paused' }, 'trialing'],
    ['becomes unpaid after its trial', UPDATED, { ...onTrial, status: 'unpaid' }, 'past_due'],
    ['is cancelled on trial', UPDATED, { ...onTrial, status: 'canceled' }, 'trialing'],
    [
      'is resumed to a payment that fails',
      'customer.subscription.resumed',
      { ...onTrial, status: 'past_due' },
      undefined,
    ],
    ['is paid late without a trial', UPDATED, {}, 'past_due'],
    ['is paid late in a later period', UPDATED, longAgo, 'past_due'],
    ['is paid after months of unpaid', UPDATED, longAgo, 'unpaid'],
    ['is resumed without a trial', UPDATED, {}, 'paused'],
    ['changes in another way', UPDATED, {}, undefined],
  ])('do not start it when it %s', (_, type, fields, before) => {
    expect(conversionsOf(type, fields, before)).toEqual([]);
  });
});

describe('a paid invoice', () => {
  const LISTED = `/v1/invoices?subscription=sub_1&status=paid&created[gte]=${TRIAL_END}&created[lt]=${CREATED}&limit=100`;
  const SUBSCRIPTION = '/v1/subscriptions/sub_1';

  async function reported(fields: Readonly<Record<string, unknown>>, answers: Record<string, object | number> = {}) {
    const service = await startStripe();
    for (const [path, answer] of Object.entries(answers)) service.answers.set(path, answer);
    const shop = await openShop();
    const event = stripeEvent('invoice.paid', invoice(shop.token, { ...fields }));
    const { statusCode } = await endpoint(shop, { stripe: service.stripe }).handle(signed(event));
    const ids = tracker(shop.collector).map((line) => (line as { distinctId: string }).distinctId);
    return { statusCode, ids, requests: service.requests, warnings: shop.warnings };
  }

  const cycle = { billing_reason: 'subscription_cycle' };
  const list = (...data: object[]) => ({ object: 'list', data });

  it.each([
    ['the first after a trial', cycle],
    ['the first after a trial, which an update ended', { billing_reason: 'subscription_update' }],
    ['the first after a trial, from the credit balance', { ...cycle, amount_paid: 0 }],
  ])('starts the subscription when it is %s', async (_, fields) => {
    const { ids, statusCode } = await reported(fields, { [SUBSCRIPTION]: subscription(onTrial), [LISTED]: list() });
    expect(ids).toContain('subscription:sub_1');
    expect(statusCode).toBe(200);
  });

  it('starts it if all invoices in between were 0', async () => {
    const free = invoice(undefined, { total: 0 });
    const { ids } = await reported(cycle, { [SUBSCRIPTION]: subscription(onTrial), [LISTED]: list(free, free) });
    expect(ids).toEqual(['renewal:in_1', 'subscription:sub_1']);
  });

  it('starts it if it was sent to the customer, but not as a fee during a trial', async () => {
    const sent = { collection_method: 'send_invoice' };
    const { ids } = await reported(sent, { [SUBSCRIPTION]: subscription({ trial_end: null }) });
    expect(ids).toEqual(['purchase:in_1', 'subscription:sub_1']);
    const fee = await reported(sent, { [SUBSCRIPTION]: subscription({ trial_end: CREATED + 1 }) });
    expect(fee.ids).toEqual(['purchase:in_1']);
  });

  it('does not start it if an earlier one since the trial was paid', async () => {
    const { ids } = await reported(cycle, {
      [SUBSCRIPTION]: subscription(onTrial),
      [LISTED]: list(invoice(undefined, { total: 0 }), invoice(undefined)),
    });
    expect(ids).toEqual(['renewal:in_1']);
  });

  it('does not start it without a trial, with one call to Stripe', async () => {
    const { ids, requests } = await reported(cycle, { [SUBSCRIPTION]: subscription() });
    expect(ids).toEqual(['renewal:in_1']);
    expect(requests).toEqual([`GET ${SUBSCRIPTION}`]);
  });

  it('does not start it during the trial, such as one for the set-up', async () => {
    const { ids, statusCode } = await reported(cycle, { [SUBSCRIPTION]: subscription({ trial_end: CREATED + 1 }) });
    expect(ids).toEqual(['renewal:in_1']);
    expect(statusCode).toBe(200);
  });

  it('does not start it by the first invoice: its own state does', async () => {
    const { ids, requests } = await reported({});
    expect(ids).toEqual(['purchase:in_1']);
    expect(requests).toEqual([]);
  });

  it.each([401, 403, 404, 500])('is still a renewal if Stripe answers %d, and is answered 503', async (status) => {
    const { ids, statusCode, warnings } = await reported(cycle, { [SUBSCRIPTION]: status });
    expect(ids).toEqual(['renewal:in_1']);
    expect(statusCode).toBe(503);
    expect(warnings).toHaveLength(1);
  });
});

describe('a subscription from a pricing table', () => {
  it('is found by the reference of its Checkout session', async () => {
    const { stripe, answers } = await startStripe();
    const shop = await openShop();
    answers.set('/v1/checkout/sessions?subscription=sub_1&limit=1', {
      object: 'list',
      data: [{ object: 'checkout.session', metadata: {}, client_reference_id: shop.token }],
    });
    const { handle } = endpoint(shop, { stripe });
    expect(await handle(signed(stripeEvent('invoice.paid', invoice(undefined))))).toMatchObject({ statusCode: 200 });
    await handle(signed(stripeEvent('customer.subscription.created', subscription())));
    expect(tracker(shop.collector)).toMatchObject([
      { distinctId: 'purchase:in_1', verdict: 'counted' },
      { distinctId: 'subscription:sub_1' },
    ]);
  });
});
