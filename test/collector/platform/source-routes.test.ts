import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { CollectorOptions } from '../../../src/collector/index.js';
import { post, postRows, row, started } from '../posting.js';
import { platformOf } from './platform.js';

const variants = [{ name: 'C' }, { name: 'T' }];

interface Page {
  readonly entities: readonly { readonly key: string }[];
  readonly pagination: { readonly nextCursor: string | null; readonly hasMore: boolean };
}

async function ask(options: CollectorOptions, path: string) {
  return platformOf(await started(options))('GET', path);
}

describe('a list of the Platform API', () => {
  const experiments = Array.from({ length: 5 }, (_, n) => ({ key: `e${n}`, variants, primary: 'purchase' }));

  it('is read page by page', async () => {
    const send = platformOf(await started({ experiments }));
    const keys: string[][] = [];
    let cursor = '';
    do {
      const { entities, pagination } = (await send('GET', `/experiments?limit=2&cursor=${cursor}`)).body as Page;
      keys.push(entities.map(({ key }) => key));
      expect(pagination.hasMore).toBe(pagination.nextCursor !== null);
      cursor = pagination.nextCursor ?? '';
    } while (cursor !== '');
    expect(keys).toEqual([['e0', 'e1'], ['e2', 'e3'], ['e4']]);
  });

  it.each(['limit=0', 'limit=101', 'limit=two', 'cursor=nonsense'])('is refused for %s', async (query) => {
    const [field] = query.split('=');
    expect(await ask({ experiments }, `/experiments?${query}`)).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining(field!) },
    });
  });

  it.each([
    ['status=paused', ['hero_copy']],
    ['type=personalization', ['banner']],
    ['search=HERO', ['hero', 'hero_copy']],
    ['status=running&search=hero', ['hero']],
  ])('filters by %s', async (query, keys) => {
    const options = {
      goal: 'purchase',
      experiments: [
        { key: 'hero', variants },
        { key: 'hero_copy', variants, status: 'paused' as const },
        { key: 'banner', variants, type: 'personalization' as const },
      ],
    };
    const { entities } = (await ask(options, `/experiments?${query}`)).body as Page;
    expect(entities.map(({ key }) => key)).toEqual(keys);
  });
});

describe('an API key', () => {
  const apiKeys = [{ key: 'all' }, { key: 'reader', scopes: ['experiment:list'] }];

  it('is required if the collector has keys', async () => {
    const collector = await started({ apiKeys });
    const headers = { authorization: '' };
    expect(await platformOf(collector)('GET', '/experiments', undefined, headers)).toMatchObject({ status: 401 });
    expect(await platformOf(collector, 'another')('GET', '/experiments')).toMatchObject({ status: 401 });
    expect(await platformOf(collector, 'all')('GET', '/experiments')).toMatchObject({ status: 200 });
  });

  it('is refused without the scope, which the error names', async () => {
    const send = platformOf(await started({ apiKeys }), 'reader');
    expect((await send('GET', '/experiments')).status).toBe(200);
    expect(await send('POST', '/experiments/x/start')).toMatchObject({
      status: 403,
      body: { error: 'this API key lacks the scope experiment:start' },
    });
  });

  it('is the only requirement if other machines can reach the collector', async () => {
    const collector = await started({ host: '0.0.0.0', tokens: ['shop'], apiKeys });
    const { port } = new URL(collector.url);
    const fetchWith = (path: string, key: string) =>
      fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${key}` } });
    expect((await fetchWith('/rest/v1/experiments', 'all')).status).toBe(200);
    expect((await fetchWith('/rest/v1/experiments', 'shop')).status).toBe(401);
    expect((await fetchWith('/', 'all')).status).toBe(401);
  });
});

describe('sources', () => {
  it('are those of the known tokens, each with its test token', async () => {
    const send = platformOf(await started({ tokens: ['shop', 'test_shop', 'test_blog', 'exp_shop'] }));
    const { entities } = (await send('GET', '/sources')).body as { entities: { id: string }[] };
    const tokens = await Promise.all(entities.map(async ({ id }) => (await send('GET', `/sources/${id}/tokens`)).body));
    expect(tokens).toMatchObject([
      { sourceType: 'webhook', token: 'shop', testToken: 'test_shop' },
      { sourceType: 'webhook', token: 'blog', testToken: 'test_blog' },
    ]);
    expect((await send('GET', '/sources/source_x')).status).toBe(404);
  });

  it('have a sample that a shell runs as one command, whatever token a page has posted', async () => {
    const token = `x'; echo owned; '"$(echo owned)`;
    const collector = await started({});
    await post(collector, '/track', { token, event: 'hello', userId: 'v' });
    const send = platformOf(collector);
    const { entities } = (await send('GET', '/sources')).body as { entities: { id: string }[] };
    const { sampleCurl } = (await send('GET', `/sources/${entities[0]!.id}/tokens`)).body as { sampleCurl: string };
    const shown = execFileSync('sh', ['-c', sampleCurl.replace('curl', "printf '%s\\n'")], { encoding: 'utf8' });
    expect(JSON.parse(shown.split('\n')[3]!)).toEqual({ token, event: 'hello', userId: 'visitor' });
  });

  it('show when they were last triggered, and when an event was forwarded, unlike in test mode', async () => {
    let now = Date.UTC(2026, 0, 1);
    const collector = await started({ tokens: ['shop', 'test_shop'], now: () => now });
    const send = platformOf(collector);
    const source = async () => ((await send('GET', '/sources')).body as { entities: object[] }).entities[0];
    expect(await source()).toMatchObject({ lastTriggeredAt: null, lastDispatchedAt: null });
    await postRows(collector, row());
    expect(await source()).toMatchObject({ lastTriggeredAt: '2026-01-01T00:00:00.000Z', lastDispatchedAt: null });
    now += 1000;
    await post(collector, '/track', { token: 'shop', ...row({ distinctId: 'purchase:2' }) });
    expect(await source()).toMatchObject({
      lastTriggeredAt: '2026-01-01T00:00:01.000Z',
      lastDispatchedAt: '2026-01-01T00:00:01.000Z',
    });
  });

  it.each([{ status: 'Disabled' as const }, { isPublished: false }])('that are %j accept nothing', async (state) => {
    const collector = await started({ sources: [{ token: 'shop', ...state }, { token: 'blog' }] });
    const track = async (token: string) => (await post(collector, '/track', { token, ...row() })).status;
    expect([await track('shop'), await track('test_shop'), await track('blog')]).toEqual([401, 401, 200]);
    expect((await platformOf(collector)('GET', '/sources')).body).toMatchObject({ entities: [state, {}] });
  });
});

describe('allowed events', () => {
  it('are the configured ones, with their destinations', async () => {
    const options = { allowedEvents: ['purchase', { name: 'Refund', destinationIds: [] }] };
    const { body } = await ask(options, '/allowed-events');
    expect(body).toEqual({
      entities: [
        expect.objectContaining({ name: 'purchase', destinationIds: ['destination_local'] }),
        expect.objectContaining({ name: 'Refund', destinationIds: [] }),
      ],
    });
  });

  it('are those that arrived, if every name is allowed, which the answer says', async () => {
    const collector = await started();
    await postRows(
      collector,
      row(),
      row({ event: 'Purchase', distinctId: '2' }),
      row({ event: 'refund', distinctId: '3' }),
    );
    expect((await platformOf(collector)('GET', '/allowed-events')).body).toMatchObject({
      entities: [{ name: 'purchase' }, { name: 'refund' }],
      allowsEveryName: true,
    });
  });

  it('are compared in any case, by letters of every alphabet', async () => {
    const collector = await started({ now: () => Date.UTC(2026, 0, 1) });
    const events = ['käufe', 'KÄUFE', 'ПОКУПКА', 'покупка'];
    await postRows(collector, ...events.map((event) => row({ event, distinctId: event })));
    const send = platformOf(collector);
    const { entities } = (await send('GET', '/allowed-events')).body as { entities: { id: string; name: string }[] };
    expect(entities.map(({ name }) => name)).toEqual(['käufe', 'ПОКУПКА']);

    const configured = await started({ allowedEvents: ['Käufe'], now: () => Date.UTC(2026, 0, 1) });
    await post(configured, '/track', { token: 'shop', ...row({ event: 'KÄUFE' }) });
    expect((await platformOf(configured)('GET', `/allowed-events/${entities[0]!.id}`)).body).toMatchObject({
      lastTriggeredAt: '2026-01-01T00:00:00.000Z',
    });
  });

  it('show when they were last triggered and forwarded, ignoring case', async () => {
    const collector = await started({
      now: () => Date.UTC(2026, 0, 1),
      allowedEvents: ['purchase', { name: 'refund', destinationIds: [] }],
    });
    const send = platformOf(collector);
    await post(collector, '/track', { token: 'shop', ...row({ event: 'PURCHASE' }) });
    await post(collector, '/track', { token: 'shop', ...row({ event: 'refund', distinctId: 'r' }) });
    const { entities } = (await send('GET', '/allowed-events')).body as { entities: { id: string }[] };
    const found = await Promise.all(entities.map(async ({ id }) => (await send('GET', `/allowed-events/${id}`)).body));
    const at = '2026-01-01T00:00:00.000Z';
    expect(found).toMatchObject([
      { lastTriggeredAt: at, lastDispatchedAt: at },
      { lastTriggeredAt: at, lastDispatchedAt: null },
    ]);
    expect((await send('GET', '/allowed-events/event_x')).status).toBe(404);
  });
});

it('there is one settings object for all experiments', async () => {
  const send = platformOf(await started());
  const { entities } = (await send('GET', '/experiment-settings')).body as { entities: { id: string }[] };
  expect(entities).toHaveLength(1);
  expect((await send('GET', `/experiment-settings/${entities[0]!.id}`)).body).toEqual(entities[0]);
});

it('a fault plan sees the full path of the Platform API', async () => {
  const collector = await started();
  collector.faults.set(({ path }) => (path === '/rest/v1/sources' ? { kind: 'status', status: 500 } : undefined));
  const send = platformOf(collector);
  expect([(await send('GET', '/sources')).status, (await send('GET', '/experiments')).status]).toEqual([500, 200]);
  expect(collector.requestsTo('/rest/v1/sources')).toBe(1);
});
