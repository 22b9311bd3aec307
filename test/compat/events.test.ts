import { expect, it } from 'vitest';
import { BadRequestError, OursPrivacyError } from '../../src/compat/index.js';
import { arrived, until } from '../support/client.js';
import { errorOf } from '../support/entries.js';
import { json, scriptService } from '../support/scripted-service.js';
import { compatRig, failureOf, openCompat, TOKEN } from './service.js';

const purchase = { token: TOKEN, event: 'purchase', userId: 'v1', distinctId: 'purchase:1' };

it('track.event resolves when the service has the event, in the words of the official SDK', async () => {
  const { client, collector } = await compatRig();
  const answer = await client.track.event({
    ...purchase,
    eventProperties: { order_id: 'o1', value: '49.90', coupon: null },
    defaultProperties: { sid: '1700000000000', current_url: 'https://shop.example/cart' },
    identityContext: { ip: '203.0.113.7', userAgent: 'Mozilla/5.0' },
  });
  expect(answer).toEqual({ success: true });
  expect(collector.events()).toMatchObject([
    {
      event: 'purchase',
      userId: 'v1',
      distinctId: 'purchase:1',
      eventProperties: { order_id: 'o1', value: '49.90', coupon: null },
      defaultProperties: { sid: '1700000000000', current_url: 'https://shop.example/cart' },
      identityContext: { ip: '203.0.113.7', userAgent: 'Mozilla/5.0' },
    },
  ]);
});

it('null means the same as leaving a field out', async () => {
  const { client, collector } = await compatRig();
  const nothing = { email: null, externalId: null, time: null, distinctId: null, identityContext: null };
  await client.track.event({
    ...nothing,
    token: TOKEN,
    event: 'purchase',
    userId: 'v1',
    eventProperties: null,
    userProperties: null,
    defaultProperties: null,
  });
  const [event] = collector.events();
  expect(event).toMatchObject({ event: 'purchase', userId: 'v1' });
  expect(event?.distinctId).toMatch(/^[0-9a-f-]{36}$/);
});

it('visitor.upsert sends a person', async () => {
  const { client, collector } = await compatRig();
  const answer = await client.visitor.upsert({
    token: TOKEN,
    userId: 'v1',
    externalId: 'customer-1',
    userProperties: { email: 'ada@example.com', consent: { marketing: 'true' } },
  });
  expect(answer).toEqual({ success: true });
  expect(collector.events()).toMatchObject([
    { event: '$identify', userId: 'v1', userProperties: { email: 'ada@example.com', external_id: 'customer-1' } },
  ]);
});

it('events of one tick share a request', async () => {
  const { client, collector } = await compatRig();
  const ids = ['a', 'b', 'c'];
  await Promise.all(ids.map((distinctId) => client.track.event({ ...purchase, distinctId })));
  expect(arrived(collector)).toEqual(ids);
  expect([collector.requestsTo('/batch'), collector.requestsTo('/track')]).toEqual([1, 0]);
});

it('an event whose call is not awaited is delivered, and its failure ends no process', async () => {
  const { client, collector } = await compatRig();
  client.track.event(purchase);
  client.track.event({ ...purchase, event: '' });
  await client.flush();
  expect(arrived(collector)).toEqual(['purchase:1']);
});

it('each source token has its own batches', async () => {
  const { client, collector } = await compatRig({}, { tokens: ['shop', 'blog'] });
  const tracked = ['shop', 'blog'].map((token) => client.track.event({ ...purchase, token, distinctId: token }));
  expect(await Promise.all(tracked)).toEqual([{ success: true }, { success: true }]);
  expect(collector.requestsTo('/batch')).toBe(2);
});

it.each([
  ['without a name', { ...purchase, event: '' }, /^400 .*event must be a string of 1–1000 characters/],
  ['with a reserved name', { ...purchase, event: '$identify' }, /call identify\(\)/],
  ['without a person', { token: TOKEN, event: 'purchase' }, /no_identity: the event has no identity/],
  ['with an unknown field', { ...purchase, properties: { a: 1 } }, /'properties' \(did you mean eventProperties\?\)/],
  ['without a token', { ...purchase, token: undefined }, /token is missing/],
  ['with an experiment token', { ...purchase, token: 'exp_shop' }, /experiment token/],
  ['that is not an object', null, /takes an object with a token; got null/],
])('an event %s is a BadRequestError, and nothing is sent', async (_, body, message) => {
  const { client, collector } = await compatRig();
  const error = await failureOf(client.track.event(body as never));
  expect(error).toBeInstanceOf(BadRequestError);
  expect(error).toMatchObject({ status: 400, name: 'BadRequestError', headers: undefined });
  expect(error.message).toMatch(message);
  expect(collector.requests).toBe(0);
});

it('visitor.upsert requires userProperties, as the official types do', async () => {
  const { client } = await compatRig();
  const error = await failureOf(client.visitor.upsert({ token: TOKEN, userId: 'v1' } as never));
  expect(error.message).toBe('400 userProperties is required.');
});

it('batch.create answers row by row', async () => {
  const { client, collector } = await compatRig();
  const answer = await client.batch.create({
    token: TOKEN,
    events: [
      { event: 'purchase', userId: 'v1', distinctId: 'a' },
      { event: 'purchase', distinctId: 'b' },
      { event: 'purchase', userId: 'v1' } as never,
      null as never,
    ],
  });
  expect(answer).toMatchObject({
    success: false,
    accepted: 1,
    failed: 3,
    results: [
      { index: 0, success: true },
      { index: 1, success: false, code: 'invalid_event' },
      {
        index: 2,
        success: false,
        code: 'invalid_event',
        message: '400 distinctId is required in every row of a batch.',
      },
      { index: 3, success: false, code: 'invalid_event' },
    ],
  });
  expect(arrived(collector)).toEqual(['a']);
});

it.each([undefined, [], {}])('batch.create refuses %j as its events', async (events) => {
  const { client } = await compatRig();
  const error = await failureOf(client.batch.create({ token: TOKEN, events } as never));
  expect(error).toBeInstanceOf(BadRequestError);
});

it('a disabled client accepts everything and sends nothing', async () => {
  const before = process.env.OURS_DISABLED;
  process.env.OURS_DISABLED = '1';
  try {
    const { client, collector } = await compatRig();
    expect(await client.track.event(purchase)).toEqual({ success: true });
    expect(await client.experiments.assignment('checkout', { token: 'exp_shop', visitor_id: 'v1' })).toEqual({
      success: true,
      in_experiment: false,
    });
    expect(collector.requests).toBe(0);
  } finally {
    if (before === undefined) delete process.env.OURS_DISABLED;
    else process.env.OURS_DISABLED = before;
  }
});

it('what the service refuses for good has the class of its status', async () => {
  const service = await scriptService((received, response) => {
    const results = received.ids.map((_, index) => ({ index, success: false, code: 'invalid_event', message: 'no' }));
    json(response, 207, { success: false, accepted: 0, failed: results.length, results });
  });
  const { client } = openCompat({ baseURL: service.baseUrl });
  const error = await failureOf(client.track.event(purchase));
  expect(error).toBeInstanceOf(BadRequestError);
  expect((await errorOf(Promise.reject(error.cause))).code).toBe('rejected');
});

it('in an outage the call ends after its timeout, and the event stays queued', async () => {
  let isDown = true;
  const service = await scriptService((received, response) => {
    if (isDown) return json(response, 503, { success: false, error: 'down' });
    json(response, 200, { success: true, accepted: received.ids.length, failed: 0 });
  });
  const { client } = openCompat({ baseURL: service.baseUrl });
  const error = await failureOf(client.track.event(purchase, { timeout: 1 }));
  expect(error).toMatchObject({ name: 'APIConnectionTimeoutError', status: undefined });
  expect(error.message).toMatch(/delivery goes on.*only with the same distinctId/);
  isDown = false;
  await client.flush();
  await until(() => service.received.at(-1)?.ids[0] === 'purchase:1');
});

it('a batch of which nothing was accepted yet fails, as the answer 500 does', async () => {
  const service = await scriptService((_received, response) => json(response, 503, { success: false, error: 'down' }));
  const { client } = openCompat({ baseURL: service.baseUrl });
  const rows = [{ event: 'purchase', userId: 'v1', distinctId: 'a' }];
  const error = await failureOf(client.batch.create({ token: TOKEN, events: rows }, { timeout: 1 }));
  expect(error.name).toBe('APIConnectionTimeoutError');
});

it('an aborted signal ends the wait, before the call or during it', async () => {
  const service = await scriptService(() => undefined);
  const { client } = openCompat({ baseURL: service.baseUrl });
  const aborted = await failureOf(client.track.event(purchase, { signal: AbortSignal.abort() }));
  expect(aborted).toMatchObject({ name: 'APIUserAbortError', message: 'The call was aborted.' });
  const controller = new AbortController();
  const waiting = failureOf(client.track.event(purchase, { signal: controller.signal }));
  controller.abort(new Error('the page was left'));
  expect((await waiting).name).toBe('APIUserAbortError');
});

it('a raw response has no counterpart, and the error says what to do', async () => {
  const { client } = await compatRig();
  const call = client.track.event(purchase);
  for (const raw of [call.asResponse(), call.withResponse()]) {
    const error = await failureOf(raw);
    expect(error).toBeInstanceOf(OursPrivacyError);
    expect(error.message).toMatch(/Await the call itself/);
  }
});

it('a call is a promise in every way', async () => {
  const { client } = await compatRig();
  const call = client.track.event(purchase);
  expect(call).toBeInstanceOf(Promise);
  let isDone = false;
  expect(await Promise.race([call.finally(() => (isDone = true))])).toEqual({ success: true });
  expect(await Promise.allSettled([call])).toEqual([{ status: 'fulfilled', value: { success: true } }]);
  expect([isDone, await client.track.event(null as never).catch(() => 'caught')]).toEqual([true, 'caught']);
});
