import { Stripe } from 'stripe';
import { describe, expect, it } from 'vitest';
import { SCOPED_CLIENT } from '../../../src/client/scoped-client.js';
import { commerceEvents } from '../../../src/commerce/index.js';
import { createRecordingClient } from '../../../src/testing/index.js';
import { openShop, tracker, VISITOR } from '../shop.js';
import { endpoint } from './endpoint.js';
import { carrying, paymentIntent, refund, session, stripeEvent } from './events.js';
import { signed, startStripe } from './service.js';

const LIVE = { token: 'live_token' };
const TEST_MODE = { livemode: false };

const testPayment = (token: string) =>
  stripeEvent('payment_intent.succeeded', paymentIntent(carrying(token)), TEST_MODE);

describe('a payment in Stripe’s test mode', () => {
  it('is not reported with a live token, is answered 200, and warns', async () => {
    const shop = await openShop(LIVE);
    expect(await endpoint(shop).handle(signed({ ...testPayment(shop.token), account: 'acct_1' }))).toEqual({
      statusCode: 200,
      body: "not reported: the payment is in Stripe's test mode, and the token is not a test token",
    });
    expect(tracker(shop.collector)).toEqual([]);
    expect(shop.warnings).toEqual([expect.stringContaining('use a token that starts with test_, or pass testMode')]);
  });

  it('makes no call to Stripe if it is not reported: a live key could not look it up', async () => {
    const { stripe, requests } = await startStripe();
    const shop = await openShop(LIVE);
    const event = stripeEvent('refund.created', refund(), TEST_MODE);
    expect(await endpoint(shop, { stripe }).handle(signed(event))).toMatchObject({ statusCode: 200 });
    expect(requests).toEqual([]);
  });

  it('is a test event with a test token', async () => {
    const shop = await openShop({ token: 'test_token' });
    expect(await endpoint(shop).handle(signed(testPayment(shop.token)))).toMatchObject({ statusCode: 200 });
    expect(shop.collector.recent(1)).toMatchObject([{ isTest: true, event: { distinctId: 'purchase:pi_1' } }]);
    expect(shop.warnings).toEqual([]);
  });

  it('uses the client and the key of testMode, which live payments do not', async () => {
    const { stripe: testStripe, answers, requests } = await startStripe();
    const shop = await openShop(LIVE);
    answers.set('/v1/payment_intents/pi_1', paymentIntent(carrying(shop.token)));
    const ours = createRecordingClient({ events: commerceEvents });
    const { handle } = endpoint(shop, { testMode: { ours, stripe: testStripe } });
    await handle(signed(stripeEvent('refund.created', refund(), TEST_MODE)));
    expect(ours.events).toMatchObject([{ distinctId: 'refund:re_1', userId: VISITOR.userId }]);
    expect(requests).toEqual(['GET /v1/payment_intents/pi_1']);
    await handle(signed(stripeEvent('payment_intent.succeeded', paymentIntent(carrying(shop.token)))));
    expect(ours.events).toHaveLength(1);
    expect(tracker(shop.collector)).toMatchObject([{ distinctId: 'purchase:pi_1' }]);
  });

  it('uses the client of testMode that belongs to the request, as on Workers', async () => {
    const { stripe: testStripe, answers } = await startStripe();
    const shop = await openShop(LIVE);
    answers.set('/v1/payment_intents/pi_1', paymentIntent(carrying(shop.token)));
    const ours = createRecordingClient({ events: commerceEvents });
    const shared = { track: () => expect.unreachable(), [SCOPED_CLIENT]: () => ours };
    const { handle } = endpoint(shop, { testMode: { ours: shared, stripe: testStripe } });
    await handle(signed(stripeEvent('refund.created', refund(), TEST_MODE)));
    expect(ours.events).toHaveLength(1);
  });

  it.each([{}, { ours: createRecordingClient() }, { stripe: new Stripe('sk_test') }])(
    'fails at set-up with an incomplete testMode',
    async (testMode) => {
      const shop = await openShop();
      expect(() => endpoint(shop, { testMode } as object)).toThrow(/^testMode must be \{ ours, stripe \}/);
    },
  );
});

describe('an event of another account', () => {
  it.each([
    ['a connected account', { account: 'acct_1' }, 'acct_1'],
    ['an account of an organization', { context: 'acct_shop' }, 'the context acct_shop'],
    [
      'a connected account of an organization’s platform',
      { account: 'acct_1', context: 'acct_shop/acct_1' },
      'the context acct_shop/acct_1',
    ],
    ['no other', { account: undefined, context: null }, undefined],
  ])('of %s is looked up in that account', async (_, fields, place) => {
    const { stripe, answers, requests } = await startStripe();
    const shop = await openShop();
    answers.set('/v1/payment_intents/pi_1', paymentIntent(carrying(shop.token)));
    const event = stripeEvent('refund.created', refund(), fields);
    expect(await endpoint(shop, { stripe }).handle(signed(event))).toMatchObject({ body: 'refund:re_1 is stored' });
    expect(requests).toEqual([`GET /v1/payment_intents/pi_1${place === undefined ? '' : ` in ${place}`}`]);
  });
});

describe('a Payment Link', () => {
  it('carries the visitor as client_reference_id', async () => {
    const shop = await openShop();
    const event = stripeEvent('checkout.session.completed', session({ client_reference_id: shop.token }));
    expect(await endpoint(shop).handle(signed(event))).toMatchObject({ body: 'purchase:pi_1 is stored' });
    expect(tracker(shop.collector)).toMatchObject([{ userId: VISITOR.userId, verdict: 'counted' }]);
  });

  it.each(['customer-17', '0b7e6c1a-5a52-4f0e-9d7c-3f6f7b1f2a10', 'A'.repeat(74), ''])(
    'may have the shop’s own reference, which is not a visitor and causes no warning: %s',
    async (client_reference_id) => {
      const { stripe, answers } = await startStripe();
      const shop = await openShop();
      answers.set('/v1/payment_intents/pi_1', paymentIntent({ invoice: null }));
      answers.set('/v1/checkout/sessions?payment_intent=pi_1&limit=1', {
        data: [{ metadata: {}, client_reference_id }],
      });
      const event = stripeEvent('checkout.session.completed', session({ client_reference_id }));
      const identify = () => ({ externalId: 'customer 17' });
      expect(await endpoint(shop, { stripe, identify }).handle(signed(event))).toMatchObject({ statusCode: 200 });
      expect(shop.collector.events().at(-1)).toMatchObject({ externalId: 'customer 17' });
      expect(shop.warnings).toEqual([]);
    },
  );

  it('gives its refunds the session’s visitor', async () => {
    const { stripe, answers } = await startStripe();
    const shop = await openShop();
    answers.set('/v1/payment_intents/pi_1', paymentIntent({ invoice: null }));
    answers.set('/v1/checkout/sessions?payment_intent=pi_1&limit=1', {
      data: [{ metadata: {}, client_reference_id: shop.token }],
    });
    await endpoint(shop, { stripe }).handle(signed(stripeEvent('refund.created', refund())));
    expect(tracker(shop.collector)).toMatchObject([{ distinctId: 'refund:re_1', userId: VISITOR.userId }]);
  });
});
