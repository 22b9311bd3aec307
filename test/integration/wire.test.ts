import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { buildClient } from '../../src/client/client.js';
import { createCollector } from '../../src/collector/index.js';
import { createClient, type FetchInit, type FetchLike } from '../../src/index.js';
import { LIBRARY } from '../../src/protocol/library.js';
import { webPlatform } from '../../src/runtime/platform-web.js';
import { arrived, rig, trackMany, until } from '../support/client.js';
import { holdTime } from '../support/held-time.js';
import { startProxy } from '../support/http-proxy.js';

const ORIGIN = 'https://api.oursprivacy.com';
const silent = { warn: () => undefined };

describe('on the wire, as a test with nock sees it', () => {
  beforeEach(() => {
    nock.restore();
    nock.activate();
    nock.disableNetConnect();
  });
  afterEach(() => {
    nock.cleanAll();
    nock.enableNetConnect();
    nock.restore();
  });

  it('posts JSON to /batch with the token in the body and every row as documented', async () => {
    const bodies: unknown[] = [];
    const scope = nock(ORIGIN, {
      reqheaders: {
        'content-type': 'application/json',
        accept: 'application/json',
        'user-agent': `${LIBRARY} node/${process.versions.node.split('.')[0]}`,
      },
      badheaders: ['authorization', 'x-api-key'],
    })
      .post('/api/v1/batch', (body) => bodies.push(body) > 0)
      .reply(200, { success: true, accepted: 1, failed: 0 });
    const ours = createClient({ token: 'test_shop', logger: silent });
    const time = Date.now() - 1_000;
    ours.track({
      event: 'purchase',
      userId: 'v',
      externalId: 'crm-1',
      email: 'a@example.com',
      sessionId: 'sid_1700000000000',
      distinctId: 'purchase:1',
      time,
      eventProperties: { value: 49.9, gift: false, at: new Date(0), items: ['a', 1], note: null, none: undefined },
      userProperties: { city: 'Bern', zip: null, custom_properties: { tier: 2, gone: null } },
      defaultProperties: { current_url: 'https://shop.example/thanks', screen_width: 390, is_bot: false },
      identityContext: { ip: '192.0.2.1', userAgent: 'Browser/1' },
    });
    expect(await ours.close()).toMatchObject({ delivered: 1 });
    scope.done();
    expect(bodies).toEqual([
      {
        token: 'test_shop',
        events: [
          {
            event: 'purchase',
            userId: 'v',
            externalId: 'crm-1',
            email: 'a@example.com',
            distinctId: 'purchase:1',
            time,
            eventProperties: {
              value: '49.9',
              gift: 'false',
              at: '1970-01-01T00:00:00.000Z',
              items: '["a",1]',
              note: null,
            },
            userProperties: { city: 'Bern', zip: null, custom_properties: { tier: '2' } },
            defaultProperties: {
              current_url: 'https://shop.example/thanks',
              screen_width: 390,
              is_bot: 'false',
              sid: '1700000000000',
              version: LIBRARY,
            },
            identityContext: { ip: '192.0.2.1', userAgent: 'Browser/1' },
          },
        ],
      },
    ]);
  });

  it('gives every row a distinctId and a time, though the caller gave none', async () => {
    let row: Record<string, unknown> = {};
    nock(ORIGIN)
      .post('/api/v1/batch', (body) => {
        [row] = body.events;
        return true;
      })
      .reply(200, { success: true });
    const ours = createClient({ token: 'test_shop', logger: silent });
    const receipt = ours.track({ event: 'purchase', userId: 'v' });
    await ours.close();
    expect(row).toEqual({
      event: 'purchase',
      userId: 'v',
      distinctId: receipt.distinctId,
      time: expect.any(Number),
      defaultProperties: { version: LIBRARY },
    });
    expect(receipt.distinctId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('posts a person to /identify, remembering the identifiers as properties', async () => {
    const scope = nock(ORIGIN)
      .post('/api/v1/identify', {
        token: 'test_shop',
        externalId: 'crm-1',
        email: 'a@example.com',
        userProperties: { email: 'a@example.com', external_id: 'crm-1', city: 'Bern' },
        defaultProperties: { version: LIBRARY },
      })
      .reply(200, { success: true });
    const ours = createClient({ token: 'test_shop', logger: silent });
    ours.identify({ externalId: 'crm-1', email: 'a@example.com', userProperties: { city: 'Bern' } });
    expect(await ours.close()).toMatchObject({ delivered: 1 });
    scope.done();
  });

  it('asks for an assignment and for personalizations with the experiment token', async () => {
    const scope = nock(ORIGIN)
      .post('/api/v1/experiments/assignments/checkout%2Fnew', {
        token: 'exp_shop',
        visitor_id: 'v',
        context: { url: 'https://shop.example/', search: '?a=1' },
        track_impression: true,
      })
      .reply(200, { success: true, in_experiment: true, experiment_id: 'x1', variant_id: 'v1', variant_name: 'blue' })
      .post('/api/v1/experiments/personalization', { token: 'exp_shop', visitor_id: 'v' })
      .reply(200, {
        success: true,
        personalizations: [{ assigned_at: 1767225600000, experiment_id: 'x2', variant_id: 'v2', variant_name: null }],
      });
    const ours = createClient({ token: 'test_shop', experimentToken: 'exp_shop', logger: silent });
    const page = { url: 'https://shop.example/', search: '?a=1' };
    expect(await ours.assign('checkout/new', { userId: 'v', ...page })).toMatchObject({
      inExperiment: true,
      variantName: 'blue',
    });
    expect(await ours.personalization({ userId: 'v' })).toEqual([
      { assignedAt: 1767225600000, experimentId: 'x2', variantId: 'v2' },
    ]);
    await ours.close();
    scope.done();
  });

  it('lets nothing out under disableNetConnect: the events stay pending', async () => {
    const { client, collector, warnings } = await rig();
    trackMany(client, 3);
    const flushed = client.flush();
    await until(() => warnings.length === 1);
    await client.close({ timeoutMs: 0 });
    expect(await flushed).toEqual({ delivered: 0, rejected: 0, dropped: 0, pending: 3, unknown: 0 });
    expect(collector.requests).toBe(0);
    expect(collector.sockets).toBe(0);
  });
});

describe('through a fetch of one’s own', () => {
  /** A `fetch` that takes everything. */
  function taking(calls: [string, FetchInit][]): FetchLike {
    return async (url, init) => {
      calls.push([url, init]);
      return new Response('{"success":true}');
    };
  }

  it('sends every request, in the body text and a signal', async () => {
    const calls: [string, FetchInit][] = [];
    const ours = createClient({ token: 'test_shop', baseUrl: 'https://proxy.example/ours/', fetch: taking(calls) });
    ours.track({ event: 'purchase', userId: 'v' });
    expect(await ours.close()).toMatchObject({ delivered: 1 });
    const [[url, init] = expect.unreachable()] = calls;
    expect(url).toBe('https://proxy.example/ours/batch');
    expect(init).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(init.body)).toMatchObject({ token: 'test_shop', events: [{ event: 'purchase' }] });
    expect(init.signal).toBeInstanceOf(AbortSignal);
  });

  it('uses a global fetch that was put in place after the client was made', async () => {
    const ours = createClient({ token: 'test_shop', logger: silent });
    const calls: [string, FetchInit][] = [];
    vi.stubGlobal('fetch', taking(calls));
    onTestFinished(() => void vi.unstubAllGlobals());
    ours.track({ event: 'purchase', userId: 'v' });
    expect(await ours.close()).toMatchObject({ delivered: 1 });
    expect(calls.map(([url]) => url)).toEqual([`${ORIGIN}/api/v1/batch`]);
  });

  it.each<[string, FetchLike]>([
    ['rejects', () => Promise.reject(new TypeError('fetch failed'))],
    [
      'throws',
      () => {
        throw new Error('no network here');
      },
    ],
    ['returns nothing', (() => undefined) as never],
    ['never ends, whatever its signal says', () => new Promise(() => undefined)],
    [
      'has a body that never ends',
      async () => ({ status: 200, headers: new Headers(), text: () => new Promise(() => undefined) }),
    ],
  ])('survives one that %s for a while', async (_, broken) => {
    let attempts = 0;
    const { client } = await rig({
      requestTimeoutMs: 30,
      fetch: async (url, init) => (++attempts <= 2 ? broken(url, init) : new Response('{"success":true}')),
    });
    trackMany(client, 1);
    const time = holdTime();
    expect(await time.settle(client.flush(), 1)).toMatchObject({ delivered: 1 });
    expect(attempts).toBe(3);
  });

  it('needs no more than web APIs: the platform of Workers, Deno and Bun delivers too', async () => {
    const { collector } = await rig();
    const ours = buildClient(
      { token: 'test_shop', baseUrl: collector.baseUrl, logger: silent },
      { ...webPlatform, env: {} },
    );
    const ids = trackMany(ours, 250);
    expect(await ours.close()).toMatchObject({ delivered: 250 });
    expect(arrived(collector).sort()).toEqual(ids.sort());
  });
});

// The first warning is that of plain http.
describe('through the proxy of the environment', () => {
  it('tunnels every request, and none where NO_PROXY says so', async () => {
    const collector = await createCollector();
    onTestFinished(() => collector.close());
    const proxy = await startProxy(collector.url);
    stubProxy(proxy.url);
    const baseUrl = 'http://service.invalid/api/v1';
    const proxied = await rig({ collector, baseUrl });
    trackMany(proxied.client, 5);
    expect(await proxied.client.flush()).toMatchObject({ delivered: 5 });
    expect(proxy.tunnels).toEqual(['service.invalid:80']);

    vi.stubEnv('NO_PROXY', 'service.invalid');
    const direct = await rig({ collector, baseUrl });
    trackMany(direct.client, 1);
    await until(() => direct.warnings.length > 1);
    expect(direct.warnings[1]).toMatch(/ENOTFOUND|EAI_AGAIN/);
    expect(proxy.tunnels).toHaveLength(1);
  });

  it('asks for nothing that is on this machine', async () => {
    const proxy = await startProxy();
    stubProxy(proxy.url);
    const { client } = await rig();
    trackMany(client, 5);
    expect(await client.flush()).toMatchObject({ delivered: 5 });
    expect(proxy.tunnels).toEqual([]);
  });

  it('says which proxy is in the way, without what else the variable holds', async () => {
    const proxy = await startProxy();
    stubProxy(proxy.url.replace('//', '//me:secret@'));
    const { client, warnings } = await rig({ baseUrl: 'http://service.invalid/api/v1' });
    trackMany(client, 1);
    await until(() => warnings.length > 1);
    expect(warnings[1]).toContain(`(the proxy answers HTTP 407, through the proxy ${proxy.host} of HTTP_PROXY)`);
    expect(warnings[1]).not.toContain('secret');
  });

  it('warns of a proxy that is silent while it still waits for it', async () => {
    const proxy = await startProxy('silence');
    stubProxy(proxy.url);
    // No deadline of ours may be what ends the silence.
    const { client, warnings } = await rig({ baseUrl: 'http://service.invalid/api/v1', requestTimeoutMs: 600_000 });
    const time = holdTime();
    trackMany(client, 1);
    void client.flush();
    await time.until(() => warnings.length > 1, 10);
    expect(warnings[1]).toContain(
      `still no connection to service.invalid through the proxy ${proxy.host} of HTTP_PROXY.`,
    );
  });

  it('refuses one that cannot be a proxy when the client is made', () => {
    stubProxy('socks5://proxy.example:1080');
    expect(() => createClient({ token: 'test_shop', baseUrl: 'http://service.invalid' })).toThrow(
      /HTTP_PROXY must be the address of an HTTP proxy .* got a socks5: address/,
    );
  });
});

/** Only this one: what the machine has set does not count. */
function stubProxy(url: string): void {
  for (const name of ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy']) {
    vi.stubEnv(name, '');
    vi.stubEnv(name.toUpperCase(), '');
  }
  vi.stubEnv('HTTP_PROXY', url);
  onTestFinished(() => void vi.unstubAllEnvs());
}
