import { describe, expect, it } from 'vitest';
import { createRowQuota } from '../../../src/collector/http/row-quota.js';
import { createCollector } from '../../../src/collector/index.js';

describe('a quota of rows', () => {
  it('accepts a burst, then fifty rows a second, and says when to retry', () => {
    let now = 0;
    const quota = createRowQuota(() => now);
    expect(quota.take(1_000)).toBeUndefined();
    expect(quota.take(1)).toMatchObject({ retryAfterSeconds: 1 });
    expect(quota.take(500)).toMatchObject({ retryAfterSeconds: 10 });
    now += 10_000;
    expect(quota.take(500)).toBeUndefined();
    expect(quota.take(1)).toBeDefined();
  });

  it('accepts a request larger than the quota when it is full', () => {
    let now = 0;
    const quota = createRowQuota(() => now);
    expect(quota.take(5_000)).toBeUndefined();
    expect(quota.take(5_000)).toMatchObject({ retryAfterSeconds: 20 });
    now += 20_000;
    expect(quota.take(5_000)).toBeUndefined();
  });

  it('is reported once a minute', () => {
    let now = 0;
    const quota = createRowQuota(() => now);
    quota.take(1_000);
    expect([quota.take(1_000)?.isNews, quota.take(1_000)?.isNews]).toEqual([true, false]);
    now += 60_000;
    quota.take(1_000);
    expect(quota.take(1_000)?.isNews).toBe(true);
  });
});

describe('a collector', () => {
  const post = async (url: string, headers: Record<string, string>, path = '/ingest', decoy = {}) => {
    const rows = Array.from({ length: 100 }, (_, i) => ({
      event: 'e',
      visitor_id: 'v',
      userId: 'v',
      distinctId: `${i}`,
    }));
    const body = path === '/ingest' ? { ...decoy, token: 'any', data: rows } : { ...decoy, token: 'any', events: rows };
    const answer = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': path === '/ingest' ? 'text/plain' : 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    await answer.body?.cancel();
    return answer;
  };
  const FOREIGN = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };

  it.each(['/ingest', '/api/v1/batch'])(
    'limits rows from pages of other sites to %s, and reports it once',
    async (path) => {
      const arrivals: { readonly kind: string }[] = [];
      const observe = (arrival: { readonly kind: string }) => void arrivals.push(arrival);
      await using collector = await createCollector({ observe, now: () => 1_000_000_000_000 });
      const statuses: number[] = [];
      let last: Response | undefined;
      for (let i = 0; i < 30; i++) {
        last = await post(collector.url, FOREIGN, path);
        statuses.push(last.status);
      }
      expect(statuses.slice(0, 10)).toEqual(Array(10).fill(200));
      expect(statuses).toContain(429);
      const refused = arrivals.filter(({ kind }) => kind === 'refused');
      expect(refused).toEqual([expect.objectContaining({ message: expect.stringContaining('pages of other sites') })]);
      expect((await post(collector.url, {}, path)).status).toBe(200);
    },
  );

  it.each([
    ['/ingest', { events: 0 }],
    ['/api/v1/batch', { data: [] }],
  ])('counts the rows of %s despite another field', async (path, decoy) => {
    await using collector = await createCollector({ now: () => 1_000_000_000_000 });
    const statuses: number[] = [];
    for (let i = 0; i < 30; i++) statuses.push((await post(collector.url, FOREIGN, path, decoy)).status);
    expect(statuses).toContain(429);
  });

  it('accepts any number of rows from programs and from its own pages', async () => {
    await using collector = await createCollector();
    for (let i = 0; i < 15; i++) expect((await post(collector.url, {})).status).toBe(200);
    const own = { origin: collector.url, 'sec-fetch-site': 'same-origin' };
    for (let i = 0; i < 15; i++) expect((await post(collector.url, own)).status).toBe(200);
    expect(collector.events()).toHaveLength(3_000);
  });
});
