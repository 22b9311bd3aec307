import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApiRequest } from '../../../src/cli/account/api-request.js';
import { createPlatformApi } from '../../../src/cli/account/platform-api.js';
import { createCollector } from '../../../src/collector/index.js';
import { nearestName } from '../../../src/core/nearest-name.js';
import { holdTimeouts } from '../../support/held-time.js';
import { serve } from '../serve.js';

/** Sends requests to a collector, and records the pauses. */
async function withCollector() {
  const collector = await createCollector({
    tokens: ['shop'],
    experiments: Array.from({ length: 120 }, (_, n) => ({
      key: `e${n}`,
      variants: [{ name: 'C' }, { name: 'T' }],
      primary: 'purchase',
    })),
  });
  onTestFinished(() => collector.close());
  const pauses: number[] = [];
  const request = createApiRequest({
    origin: collector.url,
    apiKey: 'key',
    sleep: async (ms) => void pauses.push(ms),
  });
  return { collector, pauses, api: createPlatformApi(request) };
}

const once = { apiKey: 'key', sleep: async () => undefined };

describe('a request to the Platform API', () => {
  it('reads all pages of a list', async () => {
    const { api, collector } = await withCollector();
    expect((await api.experiments()).map(({ key }) => key)).toEqual(Array.from({ length: 120 }, (_, n) => `e${n}`));
    expect(collector.requestsTo('/rest/v1/experiments')).toBe(3);
  });

  it.each([
    ['a cursor leads back to itself', 'same', 2],
    ['there is no cursor to the rest', null, 1],
  ])('does not treat an incomplete list as complete if %s', async (_, nextCursor, expected) => {
    let requests = 0;
    const origin = await serve((_request, response) => {
      requests += 1;
      response.end(JSON.stringify({ entities: [], pagination: { hasMore: true, nextCursor } }));
    });
    const api = createPlatformApi(createApiRequest({ ...once, origin }));
    await expect(api.sources()).rejects.toThrow('announces more of /rest/v1/sources without a cursor');
    expect(requests).toBe(expected);
  });

  it('is not repeated if it changes something, because the change may have been made', async () => {
    let requests = 0;
    const bodies: unknown[] = [];
    const origin = await serve(async (request, response) => {
      requests += 1;
      bodies.push(request.method, request.headers['content-type'], JSON.parse(await text(request)));
      response.writeHead(500).end('{}');
    });
    const request = createApiRequest({ ...once, origin });
    const change = { method: 'POST', body: { name: 'hero' } } as const;
    await expect(request('/rest/v1/experiments', 'experiment:create', change)).rejects.toThrow('HTTP 500');
    expect([requests, bodies]).toEqual([1, ['POST', 'application/json', { name: 'hero' }]]);
  });

  it.each([
    ['429 with seconds', { kind: 'status', status: 429, headers: { 'retry-after': '7' } }, [7_000]],
    ['429 with milliseconds', { kind: 'status', status: 429, headers: { 'retry-after-ms': '12' } }, [12]],
    ['429 that does not say', { kind: 'status', status: 429 }, [500]],
    ['500', { kind: 'status', status: 500 }, [500]],
    ['a broken connection', { kind: 'reset' }, [500]],
  ] as const)('is retried after %s', async (_, fault, expected) => {
    const { api, collector, pauses } = await withCollector();
    collector.faults.next(fault);
    expect(await api.sources()).toHaveLength(1);
    expect(pauses).toEqual(expected);
  });

  it.each([
    [429, 'asks for fewer requests'],
    [500, 'answered /rest/v1/sources with HTTP 500: injected fault'],
  ])('fails when the third answer is %i as well', async (status, message) => {
    const { api, collector, pauses } = await withCollector();
    collector.faults.set(() => ({ kind: 'status', status }));
    await expect(api.sources()).rejects.toThrow(message);
    expect(pauses).toEqual([500, 1_000]);
  });

  it.each([
    [401, 'refuses OURS_PRIVACY_API_KEY'],
    [403, 'lacks the scope source:list'],
    [404, 'the Platform API answered /rest/v1/sources with HTTP 404'],
  ])('is not retried after %i', async (status, message) => {
    const { api, collector, pauses } = await withCollector();
    collector.faults.set(() => ({ kind: 'status', status }));
    await expect(api.sources()).rejects.toThrow(message);
    expect(pauses).toEqual([]);
  });

  it('fails after the timeout', async () => {
    const timeouts = holdTimeouts();
    const origin = await serve(() => timeouts.expire(10_000));
    const api = createPlatformApi(createApiRequest({ ...once, origin }));
    await expect(api.sources()).rejects.toThrow(`${origin} does not answer (the request timed out).`);
  });

  it('ends when the command is stopped, during a pause or a request', async () => {
    let requests = 0;
    const inPause = new AbortController();
    const failing = await serve((_, response) => {
      requests += 1;
      response.writeHead(503).end();
    });
    const sleep = async () => inPause.abort();
    const first = createApiRequest({ origin: failing, apiKey: 'key', sleep, stop: inPause.signal });
    await expect(first('/', 'scope')).rejects.toThrow('HTTP 503');
    expect(requests).toBe(1);

    const inRequest = new AbortController();
    const silent = await serve(() => inRequest.abort());
    const second = createApiRequest({ ...once, origin: silent, stop: inRequest.signal });
    await expect(second('/', 'scope')).rejects.toThrow('does not answer');
  });

  it('does not follow redirects, which would expose the key', async () => {
    let followed = false;
    const elsewhere = await serve((_, response) => {
      followed = true;
      response.end('{"entities":[]}');
    });
    const location = `${elsewhere}/login?next=secret`;
    const origin = await serve((_, response) => response.writeHead(302, { location }).end('{}'));
    await expect(createPlatformApi(createApiRequest({ ...once, origin })).sources()).rejects.toThrow(
      `HTTP 302, a redirect to ${elsewhere}, which is not followed: check the address, and for a proxy on the way.`,
    );
    expect(followed).toBe(false);
  });

  it.each([
    ['a page', '<!doctype html>', /HTTP 200 without JSON: check the address/],
    ['another API', '{"items":[]}', /not from the Platform API \(entities\)/],
    ['entities that lack what is needed', '{"entities":[{"id":"1"}]}', /not from the Platform API \(type\)/],
  ])('recognises an answer of %s', async (_, body, message) => {
    const origin = await serve((_request, response) => response.end(body));
    await expect(createPlatformApi(createApiRequest({ ...once, origin })).sources()).rejects.toThrow(message);
  });
});

describe('the suggested name', () => {
  const known = ['purchase_completed', 'signup', 'lead', 'add_to_cart'];

  it.each([
    ['purchase_complete', 'purchase_completed'],
    ['PURCHASE-COMPLETED', 'purchase_completed'],
    ['signpu', 'signup'],
    ['sign_up', 'signup'],
    ['addtocart', 'add_to_cart'],
    ['purchase', undefined],
    ['refund', undefined],
    ['a', undefined],
    ['', undefined],
  ])('by %o is %o', (name, meant) => {
    expect(nearestName(name, known)).toBe(meant);
  });
});
