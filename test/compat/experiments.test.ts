import { expect, it, onTestFinished, vi } from 'vitest';
import {
  APIConnectionError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
} from '../../src/compat/index.js';
import { json, scriptService } from '../support/scripted-service.js';
import { compatRig, EXPERIMENT_TOKEN, failureOf, openCompat, TOKEN } from './service.js';

const question = { token: EXPERIMENT_TOKEN, visitor_id: 'v1' };

it('experiments.assignment answers in the words of the official SDK and records an exposure', async () => {
  const { client, collector } = await compatRig();
  const answer = await client.experiments.assignment('checkout', question);
  expect(answer).toMatchObject({ success: true, in_experiment: true, experiment_key: 'checkout', type: 'ab' });
  if (!answer.in_experiment) throw new Error('not assigned');
  expect([typeof answer.experiment_id, typeof answer.variant_id, typeof answer.is_control]).toEqual([
    'string',
    'string',
    'boolean',
  ]);
  expect(['classic', 'one_page']).toContain(answer.variant_name);
  expect(collector.events()).toMatchObject([{ event: '$experiment_impression', userId: 'v1' }]);
});

it('track_impression: false records nothing, and a later call with it records once', async () => {
  const { client, collector } = await compatRig();
  await client.experiments.assignment('checkout', { ...question, track_impression: false });
  expect(collector.events()).toEqual([]);
  for (const track_impression of [true, null, undefined]) {
    await client.experiments.assignment('checkout', { ...question, track_impression });
  }
  expect(collector.events()).toHaveLength(1);
});

it('a visitor outside the experiment is not assigned', async () => {
  const variants = [{ name: 'classic' }, { name: 'one_page' }];
  const shop = { key: 'shop', variants, primary: 'purchase', urls: ['/shop/**'] };
  const { client } = await compatRig({}, { experiments: [shop] });
  const outside = { ...question, context: { url: 'https://shop.example/blog', search: null } };
  expect(await client.experiments.assignment('shop', outside)).toEqual({ success: true, in_experiment: false });
});

it('experiments.personalization lists what was assigned', async () => {
  const variants = [{ name: 'warm' }, { name: 'cold' }];
  const hero = { key: 'hero', type: 'personalization' as const, variants, primary: 'purchase' };
  const { client } = await compatRig({}, { experiments: [hero] });
  await client.experiments.assignment('hero', question);
  const answer = await client.experiments.personalization(question);
  expect(answer).toMatchObject({ success: true, personalizations: [{ experiment_key: 'hero' }] });
  expect(typeof answer.personalizations[0]?.assigned_at).toBe('number');
});

it('a purchase after an assignment counts', async () => {
  const { client, collector } = await compatRig();
  const sid = String(Date.now());
  await client.track.event({ token: TOKEN, event: 'page', userId: 'v1', defaultProperties: { sid } });
  await client.experiments.assignment('checkout', question);
  await client.track.event({ token: TOKEN, event: 'purchase', userId: 'v1', defaultProperties: { sid } });
  expect(await collector.waitFor({ event: 'purchase', verdict: 'counted' })).toBeDefined();
});

it.each([
  ['given as options', { token: TOKEN, experimentToken: EXPERIMENT_TOKEN }, {}],
  ['in the environment', {}, { OURS_TOKEN: TOKEN, OURS_EXPERIMENT_TOKEN: EXPERIMENT_TOKEN }],
])(
  'with both tokens %s, a purchase after an assignment counts on a machine whose clock is slow',
  async (_, tokens, env) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    const variants = [{ name: 'classic' }, { name: 'one_page' }];
    const checkout = { key: 'checkout', variants, primary: 'purchase' };
    const { client, collector } = await compatRig(tokens, { now: () => Date.now() + 60_000, experiments: [checkout] });
    await client.experiments.assignment('checkout', question);
    const sid = String(Date.now());
    await client.track.event({ token: TOKEN, event: 'purchase', userId: 'v1', defaultProperties: { sid } });
    expect(collector.report().events.at(-1)).toMatchObject({ event: { event: 'purchase' }, verdict: 'counted' });
    // Another token is not mixed up with them.
    await client.experiments.assignment('checkout', { ...question, token: 'exp_other', visitor_id: 'v2' });
    expect(collector.events()).toHaveLength(3);
  },
);

it.each([
  ['without a visitor', 'checkout', { token: EXPERIMENT_TOKEN }, /visitor_id must be a string/],
  ['with a whole cookie', 'checkout', { ...question, visitor_id: 'ours_device_id=1; b=2' }, /visitor_id is a whole/],
  ['without a key', '', question, /experimentKey must be a string/],
  ['with an unknown field', 'checkout', { ...question, visitorId: 'v' }, /unknown field: 'visitorId'/],
])('a question %s is a BadRequestError, and nothing is asked', async (_, key, body, message) => {
  const { client, collector } = await compatRig();
  const error = await failureOf(client.experiments.assignment(key, body as never));
  expect(error).toBeInstanceOf(BadRequestError);
  expect(error.message).toMatch(message);
  expect(collector.requests).toBe(0);
});

it.each([
  [401, AuthenticationError],
  [404, NotFoundError],
  [400, BadRequestError],
  [500, InternalServerError],
])('the answer %i has the class of the official SDK', async (status, Expected) => {
  const service = await scriptService((_received, response) => json(response, status, { success: false, error: 'no' }));
  const { client } = openCompat({ baseURL: service.baseUrl });
  for (const call of [
    client.experiments.assignment('checkout', question),
    client.experiments.personalization(question),
  ]) {
    const error = await failureOf(call);
    expect(error).toBeInstanceOf(Expected);
    expect(error).toMatchObject({ status });
  }
});

it('no answer within the timeout is an APIConnectionTimeoutError', async () => {
  const service = await scriptService(() => undefined);
  const { client } = openCompat({ baseURL: service.baseUrl });
  const error = await failureOf(client.experiments.assignment('checkout', question, { timeout: 1 }));
  expect(error.name).toBe('APIConnectionTimeoutError');
});

it('no connection is an APIConnectionError', async () => {
  const { client } = openCompat({ baseURL: 'http://127.0.0.1:1/api/v1' });
  const error = await failureOf(client.experiments.assignment('checkout', question));
  expect(error).toBeInstanceOf(APIConnectionError);
  expect(error.name).toBe('APIConnectionError');
});

it('a question that is not awaited ends no process', async () => {
  const { client, warnings } = openCompat({ baseURL: 'http://127.0.0.1:1/api/v1' });
  client.experiments.assignment('checkout', question);
  await failureOf(client.experiments.assignment('checkout', question));
  expect(warnings.join()).toContain('no assignment for experiment');
});
