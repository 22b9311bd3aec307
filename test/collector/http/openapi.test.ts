import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toJsonSchema } from '../../../src/collector/http/json-schema.js';
import { OPENAPI_PATH, openapiRoute } from '../../../src/collector/http/openapi.js';
import * as schemas from '../../../src/collector/http/schemas.js';
import { PATHS } from '../../../src/protocol/wire.js';
import { post, row, started } from '../posting.js';
import { conforms, type JsonSchema } from './conforms.js';

interface Operation {
  readonly requestBody: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content: Content }>>;
}

interface Content {
  readonly 'application/json': { readonly schema: JsonSchema };
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, { readonly post: Operation }>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

/** The document after a round trip through JSON. */
function readDocument(): Document {
  const route = openapiRoute();
  const url = new URL(OPENAPI_PATH, 'http://127.0.0.1');
  return JSON.parse(JSON.stringify(route.handle({ url, params: {}, headers: {}, body: undefined }).body));
}

const document = readDocument();

/** Validates with the document only. */
function takes(schema: JsonSchema, value: unknown): boolean {
  return conforms(schema, value, (ref) => document.components.schemas[ref.replace('#/components/schemas/', '')]!);
}

function operation(path: string): Operation {
  const found = document.paths[path];
  if (found === undefined) throw new Error(`${path} is not described`);
  return found.post;
}

const bodyOf = (path: string): JsonSchema => operation(path).requestBody.content['application/json'].schema;

const ASSIGNMENT_PATH = `${PATHS.assignments}{experiment_key}`;

describe('the description of the API', () => {
  it('has every route of the protocol and no other', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    const described = Object.keys(document.paths).map((path) => path.replace('{experiment_key}', ''));
    expect(described.sort()).toEqual(Object.values(PATHS).sort());
  });

  it('has the documented statuses', () => {
    const statuses = Object.fromEntries(
      Object.entries(document.paths).map(([path, { post }]) => [path, Object.keys(post.responses)]),
    );
    expect(statuses).toEqual({
      '/track': ['200', '400', '401', '413', '415'],
      '/identify': ['200', '400', '401', '413', '415'],
      '/batch': ['200', '207', '400', '401', '413', '415', '500'],
      [ASSIGNMENT_PATH]: ['200', '400', '401', '404', '413', '415'],
      '/experiments/personalization': ['200', '400', '401', '413', '415'],
    });
  });

  it('has no dangling references', () => {
    const names = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) expect(document.components.schemas).toHaveProperty(name!);
  });

  const { distinctId: _, ...track } = row();
  const long = 'x'.repeat(1001);

  it.each<[string, z.ZodType, unknown]>([
    ['Track', schemas.trackSchema, track],
    ['Track', schemas.trackSchema, { ...track, userId: undefined }],
    ['Track', schemas.trackSchema, { ...track, userId: undefined, email: 'a@example.org' }],
    ['Track', schemas.trackSchema, { ...track, userId: '' }],
    ['Track', schemas.trackSchema, { ...track, event: '$purchase' }],
    ['Track', schemas.trackSchema, { ...track, event: '$identify' }],
    ['Track', schemas.trackSchema, { ...track, event: '$identify2' }],
    ['Track', schemas.trackSchema, { ...track, event: 'US$' }],
    ['Track', schemas.trackSchema, { ...track, event: long }],
    ['Track', schemas.trackSchema, { ...track, userId: null }],
    ['Track', schemas.trackSchema, { ...track, userId: null, email: 'a@example.org', time: null }],
    ['Track', schemas.trackSchema, { ...track, time: 1.5 }],
    ['Track', schemas.trackSchema, { ...track, eventProperties: { value: '1', nothing: null } }],
    ['Track', schemas.trackSchema, { ...track, eventProperties: { value: 1 } }],
    ['Track', schemas.trackSchema, { ...track, identityContext: { ip: '192.0.2.1' } }],
    ['BatchRow', schemas.batchRowSchema, row()],
    ['BatchRow', schemas.batchRowSchema, track],
    ['Batch', schemas.batchSchema, { events: [null] }],
    ['Batch', schemas.batchSchema, { events: [] }],
    ['Batch', schemas.batchSchema, { events: {} }],
    ['Identify', schemas.identifySchema, { externalId: 'c1', userProperties: { email: null } }],
    ['Identify', schemas.identifySchema, { externalId: 'c1' }],
    ['Identify', schemas.identifySchema, { userProperties: {} }],
    ['Assignment', schemas.assignmentSchema, { visitor_id: 'v', context: { url: '/' }, track_impression: false }],
    ['Assignment', schemas.assignmentSchema, { visitor_id: 'v', context: { url: 1 } }],
    ['Personalization', schemas.personalizationSchema, { visitor_id: 'v' }],
    ['Personalization', schemas.personalizationSchema, {}],
    ['Token', schemas.tokenSchema, { token: 'test_shop' }],
    ['Token', schemas.tokenSchema, { token: 'x'.repeat(251) }],
  ])('agrees with the collector about %s', (name, schema, value) => {
    const sent = JSON.parse(JSON.stringify(value));
    expect(takes(document.components.schemas[name]!, sent)).toBe(schema.safeParse(sent).success);
  });

  it('requires a token in every body, and rows in a batch', () => {
    expect(takes(bodyOf('/track'), { ...track, token: 'test_shop' })).toBe(true);
    for (const path of Object.keys(document.paths))
      expect(takes(bodyOf(path), { ...track, visitor_id: 'v' })).toBe(false);
    expect(takes(bodyOf('/batch'), { token: 'test_shop', events: [row()] })).toBe(true);
    expect(takes(bodyOf('/batch'), { token: 'test_shop', events: [track] })).toBe(false);
  });
});

describe('an answer of the collector', () => {
  const variants = [{ name: 'C' }, { name: 'T' }];

  it.each<[number, string, unknown]>([
    [200, '/track', { token: 'test_shop', ...row() }],
    [200, '/identify', { token: 'test_shop', userId: 'v', userProperties: {} }],
    [200, '/batch', { token: 'test_shop', events: [row()] }],
    [207, '/batch', { token: 'test_shop', events: [row(), {}] }],
    [400, '/batch', 'nonsense'],
    [401, '/batch', { token: 'exp_shop', events: [row()] }],
    [413, '/batch', { token: 'test_shop', events: [row(), row(), row()] }],
    [413, '/track', ' '.repeat(1001)],
    [200, '/experiments/assignments/ab', { token: 'exp_shop', visitor_id: 'v' }],
    [200, '/experiments/assignments/off', { token: 'exp_shop', visitor_id: 'v' }],
    [404, '/experiments/assignments/unknown', { token: 'exp_shop', visitor_id: 'v' }],
    [200, '/experiments/personalization', { token: 'exp_shop', visitor_id: 'v' }],
  ])('is described: %s to %s', async (status, path, body) => {
    const collector = await started({
      goal: 'purchase',
      maxBatchRows: 2,
      maxBatchBytes: 1000,
      experiments: [
        { key: 'ab', type: 'personalization', variants },
        { key: 'off', allocation: 0, variants },
      ],
    });
    await post(collector, '/experiments/assignments/ab', { token: 'exp_shop', visitor_id: 'v' });

    const answer = await post(collector, path, body);
    const described = operation(path.replace(/(assignments)\/.*/, '$1/{experiment_key}')).responses[status];
    expect(answer.status).toBe(status);
    expect(takes(described!.content['application/json'].schema, answer.body)).toBe(true);
  });
});

describe('a rule that is a function', () => {
  const even = z.number().refine((value) => value % 2 === 0, 'odd');

  it('is not silently left out of a description', () => {
    expect(() => toJsonSchema(z.object({ count: even }))).toThrow('The rule at "properties.count" is a function');
    expect(() => toJsonSchema(z.custom<string>(() => true))).toThrow('is a function');
  });

  it('is described by its meta', () => {
    expect(toJsonSchema(z.object({ count: even.meta({ multipleOf: 2 }) }))).toMatchObject({
      properties: { count: { type: 'number', multipleOf: 2 } },
    });
  });
});
