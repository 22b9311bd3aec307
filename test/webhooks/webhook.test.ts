import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
// @ts-expect-error: version 4 has no types here.
import express4 from 'express4';
import fastify, { type FastifyPluginAsync } from 'fastify';
import { Hono } from 'hono';
import { Stripe } from 'stripe';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createWebhook, type Webhook } from '../../src/webhooks/index.js';
import { stripeWebhook } from '../../src/webhooks/stripe/index.js';
import { KEYS, openShop, type Shop } from './shop.js';
import { carrying, paymentIntent, stripeEvent } from './stripe/events.js';
import { SECRET, signed } from './stripe/service.js';

interface Delivery {
  readonly body: string;
  readonly headers: Record<string, string>;
}
interface Answer {
  readonly statusCode: number;
  readonly body: string;
}
type Post = (delivery: Delivery) => Promise<Answer>;

async function overHttp(listener: RequestListener): Promise<Post> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return async ({ body, headers }) => {
    const response = await fetch(`http://127.0.0.1:${port}/webhook`, { method: 'POST', body, headers });
    return { statusCode: response.status, body: await response.text() };
  };
}

const overRequests =
  (answer: (request: Request) => Response | Promise<Response>): Post =>
  async ({ body, headers }) => {
    const response = await answer(new Request('https://shop.example/webhook', { method: 'POST', body, headers }));
    return { statusCode: response.status, body: await response.text() };
  };

async function overFastify(route: FastifyPluginAsync): Promise<Post> {
  const app = fastify();
  await app.register(route);
  return async ({ body, headers }) => app.inject({ method: 'POST', url: '/webhook', payload: body, headers });
}

/** A function whose handler is one line, as in README, and how its platform interprets the result. */
async function invoke(
  handle: Webhook['handle'],
  event: { readonly body: string; readonly isBase64Encoded: boolean; readonly headers: Record<string, string> },
): Promise<Answer> {
  const returned: object = await handle({
    body: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
    headers: event.headers,
  });
  // Payload 2.0: a result without statusCode is a 200 with its JSON as the body.
  return 'statusCode' in returned ? (returned as Answer) : { statusCode: 200, body: JSON.stringify(returned) };
}

const raw = { type: 'application/json', limit: '1mb' };

/** Correct set-ups with a raw body, as in README. */
const mounted: Record<string, (webhook: Webhook) => Post | Promise<Post>> = {
  'Express 5': ({ express: handler }) => overHttp(express().post('/webhook', express.raw(raw), handler)),
  'Express 4': ({ express: handler }) => overHttp(express4().post('/webhook', express4.raw(raw), handler)),
  Fastify: ({ fastify: handler }) =>
    overFastify(async (app) => {
      app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
      app.post('/webhook', handler);
    }),
  'Fastify, with both a raw and a parsed body': ({ fastify: handler }) =>
    overFastify(async (app) => {
      app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
        Object.assign(request, { rawBody: body });
        done(null, JSON.parse(String(body)));
      });
      app.post('/webhook', handler);
    }),
  Hono: ({ request }) => overRequests((given) => new Hono().post('/webhook', (c) => request(c.req.raw)).fetch(given)),
  'a route handler': ({ request: POST }) => overRequests(POST),
  'Lambda, in base64':
    ({ handle }) =>
    ({ body, headers }) =>
      invoke(handle, { body: Buffer.from(body).toString('base64'), isBase64Encoded: true, headers }),
  'Lambda, as text':
    ({ handle }) =>
    ({ body, headers }) =>
      invoke(handle, { body, isBase64Encoded: false, headers }),
  'a function that keeps rawBody': ({ express: handler }) =>
    overHttp(
      express()
        .use(express.json({ verify: (request, _, bytes) => void Object.assign(request, { rawBody: bytes }) }))
        .post('/webhook', handler),
    ),
};

/** Wrong set-ups. */
const mistaken: Record<string, (webhook: Webhook) => Post | Promise<Post>> = {
  'Express 5 with a JSON parser before it': ({ express: handler }) =>
    overHttp(express().use(express.json()).post('/webhook', express.raw(raw), handler)),
  'Express 4 with a JSON parser before it': ({ express: handler }) =>
    overHttp(express4().use(express4.json()).post('/webhook', express4.raw(raw), handler)),
  'Express 5 without any parser': ({ express: handler }) => overHttp(express().post('/webhook', handler)),
  'Express 5 with a parser of another content type': ({ express: handler }) =>
    overHttp(express().post('/webhook', express.raw({ type: 'text/plain' }), handler)),
  'Express 4 with a parser of another content type': ({ express: handler }) =>
    overHttp(express4().post('/webhook', express4.raw({ type: 'text/plain' }), handler)),
  'Fastify with its own JSON parser': ({ fastify: handler }) =>
    overFastify(async (app) => void app.post('/webhook', handler)),
  'a Request that was read before': ({ request }) =>
    overRequests(async (given) => {
      await given.json();
      return request(given);
    }),
  'Lambda with a parsed body':
    ({ handle }) =>
    ({ body, headers }) =>
      handle({ body: JSON.parse(body), headers }),
};

function endpoint(shop: Shop): Webhook {
  const logger = { warn: (message: string) => void shop.warnings.push(message) };
  return stripeWebhook({ stripe: new Stripe('sk'), secret: SECRET, ours: shop.client, keys: KEYS, logger });
}

function delivery({ token }: Shop): Delivery {
  // Characters that JSON.stringify escapes differently than Stripe, or that need several bytes.
  const event = stripeEvent(
    'payment_intent.succeeded',
    paymentIntent({ ...carrying(token), description: 'Café ☕ \u2028' }),
  );
  return signed(event);
}

describe.each(Object.entries(mounted))('in %s', (_, mount) => {
  it('a payment is reported', async () => {
    const shop = await openShop();
    const post = await mount(endpoint(shop));
    expect(await post(delivery(shop))).toMatchObject({ statusCode: 200, body: 'purchase:pi_1 is stored' });
    expect(shop.conversions()).toBe(1);
    expect(shop.warnings).toEqual([]);
  });

  it('a changed body is rejected', async () => {
    const shop = await openShop();
    const post = await mount(endpoint(shop));
    const { body, headers } = delivery(shop);
    expect(await post({ body: body.replace('4990', '4991'), headers })).toMatchObject({ statusCode: 400 });
    expect(shop.outcomes).toEqual([]);
  });
});

describe.each(Object.entries(mistaken))('in %s', (_, mount) => {
  it('a payment is answered 500, and the log explains how to get the raw body', async () => {
    const shop = await openShop();
    const post = await mount(endpoint(shop));
    expect(await post(delivery(shop))).toMatchObject({
      statusCode: 500,
      body: 'the server passes a parsed or missing body; see its log',
    });
    expect(shop.warnings).toEqual([expect.stringContaining("express.raw({ type: 'application/json', limit: '1mb' })")]);
    expect(shop.warnings[0]).not.toContain(shop.token);
    expect(shop.outcomes).toEqual([]);
  });
});

it('a byte order mark is part of the signed body, for handle and request', async () => {
  const shop = await openShop();
  const { handle, request } = createWebhook({
    provider: 'Till',
    verify: ({ body }) => expect(body).toBe('\ufeff{}'),
    conversions: () => [],
    ours: shop.client,
    keys: KEYS,
  });
  const body = new TextEncoder().encode('\ufeff{}');
  expect(await handle({ body, headers: {} })).toMatchObject({ statusCode: 200 });
  expect((await request(new Request('https://shop.example', { method: 'POST', body }))).status).toBe(200);
});

it('an endless body is not read to the end', async () => {
  const shop = await openShop();
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 65_536;
      controller.enqueue(new Uint8Array(65_536));
      if (sent > 64 * 1024 * 1024) controller.close();
    },
  });
  const endless = new Request('https://shop.example', { method: 'POST', body, duplex: 'half' } as RequestInit);
  const answer = await endpoint(shop).request(endless);
  expect([answer.status, await answer.text()]).toEqual([413, 'the body is larger than 1 MiB']);
  expect(sent).toBeLessThan(2 * 1024 * 1024);
  expect(shop.warnings).toEqual([expect.stringContaining('larger than 1 MiB')]);
});

it('headers that are not strings are ignored', async () => {
  const shop = await openShop();
  const { body, headers } = delivery(shop);
  const odd = { ...headers, 'x-empty': null, 'content-length': 5 } as unknown as Record<string, string>;
  expect(await endpoint(shop).handle({ body, headers: odd })).toMatchObject({ statusCode: 200 });
});

it('headers may be missing', async () => {
  const shop = await openShop();
  const { body } = delivery(shop);
  const headers = null as unknown as Record<string, string>;
  expect(await endpoint(shop).handle({ body, headers })).toMatchObject({ statusCode: 400 });
});

it.each([
  ['Express 5', express],
  ['Express 4', express4],
])('leaves the answer to a timeout of %s that came first, and says so', async (_, create) => {
  const shop = await openShop();
  let expire = (): void => undefined;
  const webhook = createWebhook({
    provider: 'Till',
    verify: () => expire(),
    conversions: () => [],
    ours: shop.client,
    keys: KEYS,
    logger: { warn: (message) => void shop.warnings.push(message) },
  });
  const app = create();
  app.use((_request: unknown, response: express.Response, next: () => void) => {
    expire = () => void response.status(503).send('too slow');
    next();
  });
  app.post('/webhook', express.raw({ type: 'application/json' }), webhook.express);
  const post = await overHttp(app);
  expect(await post({ body: '{}', headers: { 'content-type': 'application/json' } })).toEqual({
    statusCode: 503,
    body: 'too slow',
  });
  await vi.waitFor(() => expect(shop.warnings).toEqual([expect.stringContaining('answered first')]));
});
