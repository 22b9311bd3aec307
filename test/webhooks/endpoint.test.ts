import { describe, expect, it, vi } from 'vitest';
import { OursError } from '../../src/core/errors.js';
import { createWebhook, type WebhookOptions } from '../../src/webhooks/index.js';
import { holdTimeouts } from '../support/held-time.js';
import { KEYS, openShop, type Shop } from './shop.js';

/** An error like those of HTTP clients. */
function errorWith(fields: object, message = 'of buyer@example.org'): Error {
  return Object.assign(new Error(message), fields);
}

function endpoint({ client, warnings }: Shop, options: Partial<WebhookOptions<unknown>>) {
  return createWebhook<unknown>({
    provider: 'Till',
    verify: () => undefined,
    conversions: () => [],
    ours: client,
    keys: KEYS,
    logger: { warn: (message) => void warnings.push(message) },
    ...options,
  });
}

async function answerTo(error: unknown) {
  const shop = await openShop();
  const { handle } = endpoint(shop, { verify: () => Promise.reject(error) });
  const { statusCode } = await handle({ body: '{}', headers: {} });
  return { statusCode, warnings: shop.warnings };
}

describe('a signature that cannot be checked now', () => {
  it.each<[string, unknown]>([
    ['verify says so', new OursError('verification_unavailable', 'Till answered 500')],
    ['verify says so below another error', errorWith({ cause: new OursError('verification_unavailable', 'down') })],
    ['fetch is refused', new TypeError('fetch failed', { cause: errorWith({ code: 'ECONNREFUSED' }) })],
    ['fetch gives no cause', new TypeError('fetch failed')],
    ['DNS fails', errorWith({ code: 'EAI_AGAIN' })],
    ['undici times out', errorWith({ code: 'UND_ERR_HEADERS_TIMEOUT' })],
    ['axios has no network', errorWith({ code: 'ERR_NETWORK' })],
    ['its own timeout expires', new DOMException('too late', 'TimeoutError')],
    ['the provider answers 503', errorWith({ status: 503 })],
    ['the provider answers 429', errorWith({ statusCode: 429 })],
    ['the provider answers axios 502', errorWith({ response: { status: 502 } })],
  ])('is answered 503 when %s', async (_, error) => {
    const { statusCode, warnings } = await answerTo(error);
    expect(statusCode).toBe(503);
    expect(warnings).toEqual([expect.stringContaining('so that Till retries')]);
    expect(warnings[0]).not.toContain('example.org');
    expect(warnings[0]).not.toContain('was changed');
  });

  it('is answered 503 when verify does not answer within timeoutMs', async () => {
    const shop = await openShop();
    const timeouts = holdTimeouts();
    const verify = () => {
      timeouts.expire(10);
      return new Promise<never>(() => undefined);
    };
    const { handle } = endpoint(shop, { timeoutMs: 10, verify });
    expect(await handle({ body: '{}', headers: {} })).toMatchObject({ statusCode: 503 });
  });

  it('is answered 503 when a real connection is refused', async () => {
    const shop = await openShop();
    const { handle } = endpoint(shop, { verify: () => fetch('http://127.0.0.1:9/') });
    expect(await handle({ body: '{}', headers: {} })).toMatchObject({ statusCode: 503 });
  });
});

describe('an invalid signature', () => {
  it.each<[string, unknown]>([
    ['a plain error', new Error('wrong')],
    ['Node’s comparison of unequal lengths', errorWith({ code: 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH' })],
    ['a missing header', new TypeError("Cannot read properties of undefined (reading 'split')")],
    ['an argument of the wrong type', Object.assign(new TypeError('x'), { code: 'ERR_INVALID_ARG_TYPE' })],
    ['a body that is not JSON', new SyntaxError('Unexpected token')],
    ['another error of ours', new OursError('invalid_option', 'a thin event')],
    ['a definite status', errorWith({ status: 401 })],
    ['a value that is not an error', 'wrong'],
    ['nothing', undefined],
  ])('is answered 400 for %s', async (_, error) => {
    expect(await answerTo(error)).toMatchObject({ statusCode: 400 });
  });
});

it('uses the type of errors whose classes a bundle has minified', async () => {
  class a extends Error {
    readonly type = 'StripeSignatureVerificationError';
  }
  const { warnings } = await answerTo(new a('of buyer@example.org'));
  expect(warnings).toEqual([expect.stringContaining('(StripeSignatureVerificationError)')]);
});

it('does not show a type that is not a name', async () => {
  const { warnings } = await answerTo(errorWith({ type: 'from buyer@example.org' }));
  expect(warnings[0]).not.toContain('example.org');
});

describe('the body of a request', () => {
  const slow = (body: ReadableStream<Uint8Array>) =>
    new Request('https://shop.example', { method: 'POST', body, duplex: 'half' } as RequestInit);

  it.each([
    ['never comes', () => undefined],
    ['stalls', (controller: ReadableStreamDefaultController<Uint8Array>) => controller.enqueue(new Uint8Array(1))],
  ])('that %s is awaited for at most timeoutMs, and answered 503', async (_, start) => {
    const shop = await openShop();
    const verify = () => expect.unreachable();
    const timeouts = holdTimeouts();
    const { request } = endpoint(shop, { timeoutMs: 20, verify });
    const answering = request(slow(new ReadableStream({ start, cancel: () => new Promise(() => undefined) })));
    timeouts.expire(20);
    const answer = await answering;
    expect(answer.status).toBe(503);
    expect(shop.warnings).toEqual([expect.stringContaining('did not arrive within timeoutMs')]);
  });

  it('shares timeoutMs with all later steps', async () => {
    const shop = await openShop();
    let release = (): void => undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        release = () => controller.close();
      },
    });
    const timeouts = holdTimeouts();
    const verify = () => {
      timeouts.expire(40);
      return new Promise<never>(() => undefined);
    };
    const { request } = endpoint(shop, { timeoutMs: 40, verify });
    const answering = request(slow(body));
    release();
    expect((await answering).status).toBe(503);
  });
});

it('a list that comes too late may hold promises that reject', async () => {
  const shop = await openShop();
  const timeouts = holdTimeouts();
  const onRejection = vi.fn();
  process.on('unhandledRejection', onRejection);
  let release = (): void => undefined;
  const list = new Promise<readonly Promise<never>[]>((resolve) => {
    release = () => resolve([Promise.reject(new Error('away'))]);
  });
  const { handle } = endpoint(shop, {
    timeoutMs: 10,
    conversions: () => {
      timeouts.expire(10);
      return list;
    },
  });
  expect(await handle({ body: '{}', headers: {} })).toMatchObject({ statusCode: 503 });
  release();
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off('unhandledRejection', onRejection);
  expect(onRejection).not.toHaveBeenCalled();
});

it('a webhook that is missing altogether is answered, too', async () => {
  const { handle } = endpoint(await openShop(), {});
  expect(await handle(undefined as never)).toMatchObject({ statusCode: 500 });
});

it('a failed lookup does not affect other conversions', async () => {
  const shop = await openShop();
  const properties = { order_id: '1', value: 1, currency: 'EUR' };
  const stored = {
    event: 'purchase',
    eventProperties: properties,
    distinctId: 'purchase:1',
    visitorToken: shop.token,
  } as const;
  const conversions = () => [Promise.reject(new Error('away')), stored, Promise.resolve(undefined)];
  const { handle } = endpoint(shop, { conversions: conversions as never });
  expect(await handle({ body: '{}', headers: {} })).toEqual({
    statusCode: 503,
    body: 'the lookup of what to report failed: retry\npurchase:1 is stored',
  });
});
