import { describe, expect, it } from 'vitest';
import { draftOf, platformOf, posted } from './platform/platform.js';
import { post, postRows, row, started } from './posting.js';

describe('an experiment over HTTP', () => {
  it('is created, started, measured by any event, stopped, and then cannot change', async () => {
    const collector = await started();
    const send = platformOf(collector);
    const { id: experiment } = await draftOf(send);
    const path = `/experiments/${experiment}`;
    expect((await send('POST', `${path}/start`)).status).toBe(200);
    const visitor = { token: 'exp_shop', visitor_id: 'visitor-1' };
    const { body: assigned } = await post(collector, '/experiments/assignments/checkout', visitor);
    await postRows(collector, row(), row({ event: 'add_to_cart', distinctId: 'cart:1' }));

    const { variant_id: id } = assigned as { variant_id: string };
    const counted = {
      variants: expect.arrayContaining([expect.objectContaining({ id, impressions: 1, conversions: 1 })]),
    };
    expect((await send('GET', `${path}/results`)).body).toMatchObject(counted);
    expect((await send('GET', `${path}/results?eventName=add_to_cart`)).body).toMatchObject(counted);
    const { days } = (await send('GET', `${path}/results-time-series`)).body as { days: object[] };
    expect(days.at(-1)).toMatchObject({ date: new Date().toISOString().slice(0, 10), ...counted });

    expect((await send('POST', `${path}/stop`)).body).toMatchObject({ experiment: { status: 'completed' } });
    expect((await send('PATCH', path, { name: 'late' })).status).toBe(409);
    expect((await send('POST', `${path}/start`)).status).toBe(409);
    expect((await post(collector, '/experiments/assignments/checkout', visitor)).body).toMatchObject({
      in_experiment: false,
    });
  });

  it('is started once by concurrent requests', async () => {
    const send = platformOf(await started());
    const { id } = await draftOf(send);
    const answers = await Promise.all(Array.from({ length: 10 }, () => send('POST', `/experiments/${id}/start`)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(9).fill(409)]);
  });

  it('is created once by concurrent requests with the same key', async () => {
    const send = platformOf(await started());
    const answers = await Promise.all(Array.from({ length: 10 }, () => send('POST', '/experiments', posted)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(9).fill(409)]);
  });

  it('cannot be reached by pages of other sites, which may still send events', async () => {
    const collector = await started();
    const send = platformOf(collector);
    const { id } = await draftOf(send);
    const origin = 'https://evil.example';
    expect((await send('POST', `/experiments/${id}/start`, undefined, { origin })).status).toBe(403);
    const preflight = await fetch(`${collector.url}/rest/v1/experiments`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    const ingest = await fetch(`${collector.url}/ingest`, {
      method: 'POST',
      headers: { origin },
      body: JSON.stringify({ token: 'test_shop', data: [{ event: 'purchase', visitor_id: 'v', distinct_id: '1' }] }),
    });
    expect(ingest.headers.get('access-control-allow-origin')).toBe(origin);
    expect(await ingest.json()).toEqual({ success: true, visitor_id: 'v' });
  });
});

describe('the answers to pages of other sites', () => {
  it('can be read after any error, because the pages would otherwise retry', async () => {
    const collector = await started();
    collector.faults.next({ kind: 'status', status: 503 });
    const headers = { origin: 'https://shop.example', 'content-type': 'application/json' };
    const ask = (body: string): Promise<Response> =>
      fetch(`${collector.baseUrl}/track`, { method: 'POST', headers, body });
    for (const [status, body] of [
      [503, '{}'],
      [400, '{'],
      [413, `"${'x'.repeat(600_000)}"`],
    ] as const) {
      const answer = await ask(body);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('access-control-allow-origin')).toBe('https://shop.example');
    }
  });
});

it('a test-mode token tags its events, and a live token does not', async () => {
  const collector = await started();
  await postRows(collector, row());
  await post(collector, '/batch', { token: 'live_shop', events: [row({ distinctId: 'purchase:2' })] });
  expect(collector.recent(2).map(({ isTest }) => isTest)).toEqual([false, true]);
});

it('refused rows are listed on the page of events, the latest first', async () => {
  const collector = await started();
  await postRows(collector, row({ userId: '' }));
  await postRows(collector, row(), row({ event: '$odd', distinctId: 'purchase:2' }));
  const page = await (await fetch(collector.url)).text();
  const [earlier, later] = [page.indexOf('userId: '), page.indexOf('names starting with $ are reserved')];
  expect(later).toBeGreaterThan(0);
  expect(earlier).toBeGreaterThan(later);
});
