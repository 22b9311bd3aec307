import { Webhook as StandardWebhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { createWebhook, standardWebhook } from '../../src/webhooks/index.js';
import { holdTimeouts } from '../support/held-time.js';
import { KEYS, openShop, type Shop, tracker, VISITOR } from './shop.js';

const SECRET = `whsec_${Buffer.alloc(24, 5).toString('base64')}`;
const verifier = new StandardWebhook(SECRET);

interface OrderEvent {
  readonly type: string;
  readonly data: { readonly id: string; readonly total: number; readonly custom: Readonly<Record<string, string>> };
}

function endpoint(shop: Shop) {
  return standardWebhook({
    provider: 'Till',
    verifier,
    conversions: ({ type, data }: OrderEvent) =>
      type !== 'order.paid'
        ? []
        : [
            {
              event: 'purchase',
              eventProperties: { order_id: data.id, value: data.total, currency: 'EUR' },
              distinctId: `purchase:${data.id}`,
              visitorToken: data.custom.ours_visitor,
            },
          ],
    ours: shop.client,
    keys: KEYS,
    logger: { warn: (message) => void shop.warnings.push(message) },
  });
}

function posted(event: object, secondsAgo = 0) {
  const body = JSON.stringify(event);
  const at = new Date(Date.now() - secondsAgo * 1000);
  const headers = {
    'Webhook-Id': 'msg_1',
    'Webhook-Timestamp': String(Math.floor(at.getTime() / 1000)),
    'Webhook-Signature': verifier.sign('msg_1', at, body),
  };
  return { body, headers };
}

const paid = (shop: Shop) => ({
  type: 'order.paid',
  data: { id: '17', total: 49.9, custom: { ours_visitor: shop.token } },
});

describe('a Standard Webhook', () => {
  it('is reported once for its visitor, even if it is delivered twice', async () => {
    const shop = await openShop();
    const { handle } = endpoint(shop);
    const delivery = posted(paid(shop), 290);
    expect(await handle(delivery)).toEqual({ statusCode: 200, body: 'purchase:17 is stored' });
    expect(await handle(delivery)).toMatchObject({ statusCode: 200 });
    expect(tracker(shop.collector)).toMatchObject([
      { distinctId: 'purchase:17', userId: VISITOR.userId, sid: VISITOR.sessionId, verdict: 'counted' },
    ]);
    expect(shop.conversions()).toBe(1);
  });

  it('that is not relevant is answered 200', async () => {
    const shop = await openShop();
    expect(await endpoint(shop).handle(posted({ ...paid(shop), type: 'order.created' }))).toMatchObject({
      statusCode: 200,
    });
    expect(tracker(shop.collector)).toEqual([]);
  });

  it.each([
    ['changed', (shop: Shop) => ({ ...posted(paid(shop)), body: JSON.stringify({ ...paid(shop), more: 1 }) })],
    ['replayed after 300 seconds', (shop: Shop) => posted(paid(shop), 302)],
    ['not signed', (shop: Shop) => ({ ...posted(paid(shop)), headers: {} })],
  ])('sends nothing when it is %s', async (_, make) => {
    const shop = await openShop();
    expect(await endpoint(shop).handle(make(shop))).toMatchObject({ statusCode: 400 });
    expect(shop.outcomes).toEqual([]);
    expect(shop.warnings).toEqual([expect.stringContaining('Till webhook: rejected: the signature is not valid')]);
  });

  it('needs a verifier', async () => {
    const shop = await openShop();
    const verifier = undefined as unknown as StandardWebhook;
    const make = () => standardWebhook({ verifier, conversions: () => [], ours: shop.client, keys: KEYS });
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });
});

describe('a webhook of any other provider', () => {
  it('may have several events, and is answered 503 if one is not stored', async () => {
    const shop = await openShop({ maxQueueSize: 2 });
    const webhook = createWebhook({
      provider: 'Till',
      verify: ({ body }) => JSON.parse(body) as string[],
      conversions: (ids) => ids.map((id) => ({ event: 'lead', distinctId: `lead:${id}`, externalId: id })),
      ours: shop.client,
      keys: KEYS,
    });
    const { statusCode, body } = await webhook.handle({ body: '["1","2","3"]', headers: {} });
    expect(statusCode).toBe(503);
    expect(body.split('\n')).toEqual([
      'lead:1 is stored',
      'lead:2 is stored',
      'lead:3 could not be stored (queue_full): retry',
    ]);
  });

  it.each<[string, object]>([
    ['ours must be the client', { ours: undefined }],
    ['verify must be a function', { verify: undefined }],
    ['conversions must be a function', { conversions: [] }],
    ['identify must be a function', { identify: 'buyer@example.org' }],
    ['keys must be a list', { keys: undefined }],
    // As Number(process.env.UNSET): no token would ever expire.
    ['maxAgeMs must be a number of milliseconds', { maxAgeMs: Number.NaN }],
    ['timeoutMs must be an integer', { timeoutMs: Number.NaN }],
    ['timeoutMs must be an integer', { timeoutMs: 0 }],
    ['logger must have', { logger: {} }],
  ])('reports at set-up: %s', async (message, options) => {
    const { client: ours } = await openShop();
    const right = { provider: 'Till', verify: () => ({}), conversions: () => [], ours, keys: KEYS };
    expect(() => createWebhook({ ...right, ...options } as typeof right)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining(message) }),
    );
  });

  it('is answered in time even if verify does not return', async () => {
    const shop = await openShop();
    const timeouts = holdTimeouts();
    const webhook = createWebhook({
      provider: 'Till',
      verify() {
        timeouts.expire(20);
        return new Promise<object>(() => undefined);
      },
      conversions: () => [],
      ours: shop.client,
      keys: KEYS,
      timeoutMs: 20,
      logger: { warn: (message) => void shop.warnings.push(message) },
    });
    expect(await webhook.handle({ body: '', headers: {} })).toMatchObject({ statusCode: 503 });
    expect(shop.warnings).toEqual([expect.stringContaining('could not be checked (TimeoutError)')]);
  });

  it('is answered 503 if the lookup fails', async () => {
    const shop = await openShop();
    const webhook = createWebhook({
      provider: 'Till',
      verify: () => ({}),
      conversions: async () => Promise.reject(new TypeError('fetch failed')),
      ours: shop.client,
      keys: KEYS,
      logger: { warn: (message) => void shop.warnings.push(message) },
    });
    expect(await webhook.handle({ body: '', headers: {} })).toMatchObject({ statusCode: 503 });
    expect(shop.warnings).toEqual([
      expect.stringContaining(
        'Till webhook: the lookup failed: conversions, identify or a call to the provider threw, or took longer than timeoutMs (TypeError)',
      ),
    ]);
  });
});
