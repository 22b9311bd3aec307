import '@shopify/shopify-api/adapters/web-api';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Paddle } from '@paddle/paddle-node-sdk';
import { ApiVersion, LogSeverity, shopifyApi } from '@shopify/shopify-api';
import { describe, expect, it, onTestFinished } from 'vitest';
import { paddleWebhook } from '../../examples/webhooks/paddle.js';
import { payPalWebhook } from '../../examples/webhooks/paypal.js';
import { shopifyWebhook } from '../../examples/webhooks/shopify.js';
import { purchaseId } from '../../src/commerce/index.js';
import { keyOf } from '../support/keys.js';
import { KEYS, openShop, type Shop, tracker, VISITOR } from './shop.js';

const AT = new Date(Date.now() - 30_000).toISOString();
/** When a payment began that took longer than the 7 days that the service looks back. */
const NINE_DAYS_AGO = new Date(Date.now() - 9 * 86_400_000).toISOString();
const counted = { userId: VISITOR.userId, sid: VISITOR.sessionId, verdict: 'counted' };

/** When the payments happened, as the service has it. */
const timesOf = ({ collector }: Shop): string[] =>
  collector
    .events()
    .filter(({ distinctId }) => /^\w+:/.test(distinctId ?? ''))
    .map(({ time }) => new Date(time!).toISOString());

describe('the recipe for Paddle', () => {
  const secret = 'pdl_ntfset_test';
  const endpoint = ({ client }: Shop) =>
    paddleWebhook({ paddle: new Paddle('pdl_test'), secret, ours: client, keys: KEYS });

  function completed(shop: Shop, fields: object = {}) {
    return {
      event_id: 'evt_1',
      event_type: 'transaction.completed',
      occurred_at: AT,
      data: {
        id: 'txn_1',
        status: 'completed',
        origin: 'web',
        currency_code: 'EUR',
        subscription_id: null,
        custom_data: { ours_visitor: shop.token },
        details: {
          totals: { grand_total: '4990', total: '4990', currency_code: 'EUR' },
          line_items: [],
          tax_rates_used: [],
        },
        items: [],
        payments: [],
        created_at: AT,
        updated_at: AT,
        billed_at: AT,
        ...fields,
      },
    };
  }

  function posted(event: object, secondsAgo = 0) {
    const body = JSON.stringify(event);
    const ts = Math.floor(Date.now() / 1000) - secondsAgo;
    const h1 = createHmac('sha256', secret).update(`${ts}:${body}`).digest('hex');
    return { body, headers: { 'Paddle-Signature': `ts=${ts};h1=${h1}` } };
  }

  it('reports a transaction once, and a renewal as a renewal', async () => {
    const shop = await openShop();
    const { handle } = endpoint(shop);
    await handle(posted(completed(shop)));
    expect(await handle(posted(completed(shop)))).toEqual({ statusCode: 200, body: 'purchase:txn_1 is stored' });
    await handle(posted(completed(shop, { id: 'txn_2', origin: 'subscription_recurring', subscription_id: 'sub_1' })));
    expect(tracker(shop.collector)).toMatchObject([
      { event: 'purchase', distinctId: 'purchase:txn_1', properties: { value: '49.9', currency: 'EUR' }, ...counted },
      { event: 'subscription_renewed', distinctId: 'renewal:txn_2', properties: { subscription_id: 'sub_1' } },
    ]);
    expect(shop.conversions()).toBe(1);
  });

  it('takes the time of completion: a renewal may be paid days after it was billed', async () => {
    const shop = await openShop();
    const began = { created_at: NINE_DAYS_AGO, billed_at: NINE_DAYS_AGO, origin: 'subscription_recurring' };
    await endpoint(shop).handle(posted(completed(shop, began)));
    expect(timesOf(shop)).toEqual([AT]);
  });

  it.each([
    ['another card', { origin: 'subscription_payment_method_change' }],
    ['another plan', { origin: 'subscription_update' }],
    ['a trial', { details: { totals: { grand_total: '0' }, line_items: [], tax_rates_used: [] } }],
  ])('does not report %s of a subscription as a purchase', async (_, fields) => {
    const shop = await openShop();
    const event = completed(shop, { subscription_id: 'sub_1', ...fields });
    expect(await endpoint(shop).handle(posted(event))).toEqual({ statusCode: 200, body: 'nothing to report' });
  });

  it('sends nothing for a changed or old webhook', async () => {
    const shop = await openShop();
    const { handle } = endpoint(shop);
    const { body, headers } = posted(completed(shop));
    expect(await handle({ body: body.replace('4990', '1'), headers })).toMatchObject({ statusCode: 400 });
    expect(await handle({ body, headers: {} })).toMatchObject({ statusCode: 400 });
    expect(await handle(posted(completed(shop), 10))).toMatchObject({ statusCode: 400 });
    expect(shop.outcomes).toEqual([]);
  });
});

describe('the recipe for Shopify', () => {
  const secret = 'shopify-secret';
  const shopify = shopifyApi({
    apiKey: 'key',
    apiSecretKey: secret,
    hostName: 'shop.example',
    apiVersion: ApiVersion.July26,
    isEmbeddedApp: false,
    logger: { level: LogSeverity.Error },
  });
  const endpoint = ({ client }: Shop) => shopifyWebhook({ shopify, ours: client, keys: KEYS });

  const order = ({ token }: Shop) => ({
    id: 1001,
    total_price: '49.90',
    currency: 'EUR',
    processed_at: AT,
    email: 'buyer@example.org',
    note_attributes: [
      { name: 'gift', value: 'yes' },
      { name: 'ours_visitor', value: token },
    ],
  });

  function posted(event: object, topic = 'orders/paid') {
    const body = JSON.stringify(event);
    const headers = {
      'X-Shopify-Hmac-Sha256': createHmac('sha256', secret).update(body).digest('base64'),
      'X-Shopify-Topic': topic,
      'X-Shopify-Shop-Domain': 'shop.example',
      'X-Shopify-API-Version': '2026-07',
      'X-Shopify-Webhook-Id': 'webhook-1',
    };
    return { body, headers };
  }

  it('reports a paid order once, even if it is replayed', async () => {
    const shop = await openShop();
    const { handle } = endpoint(shop);
    const delivery = posted(order(shop));
    await handle(delivery);
    const distinctId = await purchaseId('1001', { secret: KEYS[0]!, provider: 'shopify' });
    expect(await handle(delivery)).toEqual({ statusCode: 200, body: `${distinctId} is stored` });
    expect(tracker(shop.collector)).toMatchObject([
      { event: 'purchase', distinctId, properties: { value: '49.9', currency: 'EUR' }, ...counted },
    ]);
    expect(JSON.stringify(shop.collector.events())).not.toContain('example.org');
    expect(await handle(posted(order(shop), 'orders/create'))).toEqual({ statusCode: 200, body: 'nothing to report' });
  });

  it('takes the time of the payment: a bank transfer may come days after the order', async () => {
    const shop = await openShop();
    const began = { created_at: NINE_DAYS_AGO, processed_at: NINE_DAYS_AGO, updated_at: AT };
    await endpoint(shop).handle(posted({ ...order(shop), ...began }));
    expect(timesOf(shop)).toEqual([AT]);
  });

  it('hashes the order’s number, which can be guessed, with a key that stays after rotation', async () => {
    const shop = await openShop();
    const rotated = shopifyWebhook({ shopify, ours: shop.client, keys: [keyOf(9), ...KEYS] });
    await endpoint(shop).handle(posted(order(shop)));
    await rotated.handle(posted(order(shop)));
    expect(tracker(shop.collector)).toHaveLength(1);
    expect(JSON.stringify(tracker(shop.collector))).not.toContain('purchase:1001');
  });

  it.each([
    ['null', [{ name: 'gift_note', value: null }]],
    ['a number', [{ name: 'count', value: 2 }]],
    ['no value', [{ name: 'flag' }]],
  ])('ignores attributes of other apps: %s', async (_, others) => {
    const shop = await openShop();
    const event = { ...order(shop), note_attributes: [...others, { name: 'ours_visitor', value: shop.token }] };
    expect(await endpoint(shop).handle(posted(event))).toMatchObject({ statusCode: 200 });
    expect(shop.conversions()).toBe(1);
  });

  it.each([null, undefined, [], [{ name: 'ours_visitor', value: null }]])(
    'answers 200 to an order without a visitor: %j',
    async (note_attributes) => {
      const shop = await openShop();
      const answer = await endpoint(shop).handle(posted({ ...order(shop), note_attributes }));
      expect(answer).toMatchObject({ statusCode: 200, body: expect.stringContaining('the visitor is not known') });
    },
  );

  it('reports a test order as a test event, or not at all', async () => {
    const live = await openShop({ token: 'live_token' });
    expect(await endpoint(live).handle(posted({ ...order(live), test: true }))).toEqual({
      statusCode: 200,
      body: 'nothing to report',
    });
    const shop = await openShop({ token: 'test_token' });
    await endpoint(shop).handle(posted({ ...order(shop), test: true }));
    expect(shop.collector.recent(1)).toMatchObject([{ isTest: true, event: { event: 'purchase' } }]);
  });

  it('verifies the signature over the bytes, even if they are not valid text', async () => {
    const shop = await openShop();
    const bytes = Buffer.concat([Buffer.from('\ufeff'), Buffer.from(JSON.stringify(order(shop))), Buffer.from([0xff])]);
    const { headers } = posted({});
    const signature = createHmac('sha256', secret).update(bytes).digest('base64');
    const answer = await endpoint(shop).handle({
      body: bytes,
      headers: { ...headers, 'X-Shopify-Topic': 'orders/create', 'X-Shopify-Hmac-Sha256': signature },
    });
    expect(answer).toEqual({ statusCode: 200, body: 'nothing to report' });
  });

  it('sends nothing for a changed webhook', async () => {
    const shop = await openShop();
    const { body, headers } = posted(order(shop));
    expect(await endpoint(shop).handle({ body: body.replace('49.90', '1'), headers })).toMatchObject({
      statusCode: 400,
    });
    expect(await endpoint(shop).handle({ body, headers: {} })).toMatchObject({ statusCode: 400 });
    expect(shop.outcomes).toEqual([]);
  });
});

describe('the recipe for PayPal', () => {
  const headers = {
    'PAYPAL-AUTH-ALGO': 'SHA256withRSA',
    'PAYPAL-CERT-URL': 'https://api.paypal.com/v1/notifications/certs/CERT',
    'PAYPAL-TRANSMISSION-ID': 'transmission-1',
    'PAYPAL-TRANSMISSION-SIG': 'c2lnbmF0dXJl',
    'PAYPAL-TRANSMISSION-TIME': AT,
  };

  /** A fake of PayPal, which accepts a signature if the event has exactly the bytes that it sent. */
  async function startPayPal(sent: string) {
    const asked: string[] = [];
    const server = createServer(async (request, response) => {
      const body = await text(request);
      asked.push(body);
      const isGood = body.includes(`"webhook_event":${sent}}`) && body.includes('"webhook_id":"WH-1"');
      const isAllowed = request.headers.authorization === 'Bearer access';
      response.writeHead(isAllowed ? 200 : 401, { 'content-type': 'application/json' });
      response.end(JSON.stringify(isAllowed ? { verification_status: isGood ? 'SUCCESS' : 'FAILURE' } : {}));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return { asked, baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  function endpoint({ client }: Shop, baseUrl: string, token = 'access') {
    const accessToken = async () => token;
    return payPalWebhook({ baseUrl, webhookId: 'WH-1', accessToken, ours: client, keys: KEYS });
  }

  const event = ({ token }: Shop, event_type: string, id: string, create_time = AT) =>
    JSON.stringify(
      {
        id: 'WH-EVENT',
        event_type,
        resource: {
          id,
          amount: { value: '49.90', currency_code: 'EUR' },
          custom_id: token,
          create_time,
          update_time: AT,
          note: 'é',
        },
      },
      undefined,
      1,
    );

  it.each([
    ['PAYMENT.CAPTURE.COMPLETED', 'purchase', 'counted'],
    ['PAYMENT.CAPTURE.REFUNDED', 'refund', 'not_a_goal'],
  ])('reports %s once as a %s', async (type, name, verdict) => {
    const shop = await openShop();
    const body = event(shop, type, 'CAPTURE');
    const { baseUrl, asked } = await startPayPal(body);
    const { handle } = endpoint(shop, baseUrl);
    await handle({ body, headers });
    expect(await handle({ body, headers })).toEqual({ statusCode: 200, body: `${name}:CAPTURE is stored` });
    expect(tracker(shop.collector)).toMatchObject([
      {
        event: name,
        distinctId: `${name}:CAPTURE`,
        properties: { value: '49.9', currency: 'EUR' },
        ...counted,
        verdict,
      },
    ]);
    expect(JSON.parse(asked[0]!)).toMatchObject({ transmission_id: 'transmission-1', webhook_id: 'WH-1' });
  });

  it.each(['PAYMENT.CAPTURE.COMPLETED', 'PAYMENT.CAPTURE.REFUNDED'])(
    'takes the time of completion of %s: an eCheck may clear days after it was created',
    async (type) => {
      const shop = await openShop();
      const body = event(shop, type, 'CAPTURE', NINE_DAYS_AGO);
      const { baseUrl } = await startPayPal(body);
      await endpoint(shop, baseUrl).handle({ body, headers });
      expect(timesOf(shop)).toEqual([AT]);
    },
  );

  it.each([
    ['PAYMENT.SALE.COMPLETED', { id: 'SALE', amount: { total: '14.97', currency: 'EUR' } }],
    ['CUSTOMER.DISPUTE.CREATED', { dispute_id: 'PP-D-1' }],
  ])('answers 200 to %s, which is not relevant and has another format', async (event_type, resource) => {
    const shop = await openShop();
    const body = JSON.stringify({ event_type, resource });
    const { baseUrl } = await startPayPal(body);
    expect(await endpoint(shop, baseUrl).handle({ body, headers })).toEqual({
      statusCode: 200,
      body: 'nothing to report',
    });
  });

  it('sends nothing for a forged webhook, and answers 503 if PayPal cannot be reached', async () => {
    const shop = await openShop();
    const body = event(shop, 'PAYMENT.CAPTURE.COMPLETED', 'CAPTURE');
    const { baseUrl } = await startPayPal(body);
    const changed = body.replace('49.90', '1');
    expect(await endpoint(shop, baseUrl).handle({ body: changed, headers })).toMatchObject({ statusCode: 400 });
    expect(await endpoint(shop, baseUrl, 'expired').handle({ body, headers })).toMatchObject({ statusCode: 503 });
    expect(await endpoint(shop, 'http://127.0.0.1:1').handle({ body, headers })).toMatchObject({ statusCode: 503 });
    expect(shop.outcomes).toEqual([]);
  });
});
