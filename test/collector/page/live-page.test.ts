import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCollector } from '../../../src/collector/index.js';
import { VERDICTS } from '../../../src/collector/measuring/verdict.js';
import { VERDICT_WORDS } from '../../../src/collector/measuring/verdict-words.js';
import { type Client, createClient } from '../../../src/index.js';
import { IMPRESSION_EVENT } from '../../../src/protocol/wire.js';
import { ask, createWorld, NOW, type Sent, textOf } from './page-world.js';

const HOUR = 60 * 60 * 1000;
const checkout = { key: 'checkout', variants: [{ name: 'Control' }, { name: 'Treatment' }] };

function impression(sid: string, ago: number): Sent {
  const eventProperties = { experiment_key: 'checkout', variant_name: 'Treatment' };
  return { event: IMPRESSION_EVENT, userId: 'visitor-1', ago, eventProperties, defaultProperties: { sid } };
}

function purchase(more: Partial<Sent> = {}): Sent {
  return { event: 'purchase', userId: 'visitor-1', defaultProperties: { sid: '1' }, ...more };
}

/** The text that a reader would copy from a page. */
function plain(markup: string): string {
  return markup.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}

/** The text of each row, without details. */
function rowsOf(page: string): string[] {
  return page
    .split('<li class="row"')
    .slice(1)
    .map((row) => textOf(`<li${row.replace(/<details>.*/s, '')}`));
}

describe('the live events', () => {
  it('show every row with its verdict, the newest first', () => {
    const world = createWorld([checkout]);
    world.arrive(impression('1', 9 * HOUR), purchase({ ago: HOUR }), purchase({ defaultProperties: {} }));
    expect(rowsOf(ask(world, 'GET', '/').text)).toEqual([
      '12:00:00 purchase visitor visitor-1 no session not counted no session (defaultProperties.sid)',
      '12:00:00 purchase 1 h old visitor visitor-1 session 1 counted late more than 6 hours after the impression',
      '12:00:00 $experiment_impression 9 h old visitor visitor-1 session 1 impression was shown Treatment of checkout',
    ]);
  });

  it('have words for every verdict', () => {
    expect(Object.keys(VERDICT_WORDS).sort()).toEqual([...VERDICTS].sort());
  });

  it('advise how to make an event count', () => {
    const world = createWorld([checkout]);
    world.arrive(impression('1', HOUR), purchase({ defaultProperties: {} }));
    expect(ask(world, 'GET', '/').text).toContain('Pass the sessionId of the visit to track().');
  });

  it('mark rows in test mode, repeats and unusual impressions', () => {
    const world = createWorld([checkout]);
    world.arrive(
      { ...impression('', HOUR), defaultProperties: {} },
      purchase({ isTest: true, distinctId: 'a', ago: HOUR }),
      purchase({ distinctId: 'a' }),
      purchase({ distinctId: 'a' }),
    );
    const [row, odd] = rowsOf(ask(world, 'GET', '/').text);
    expect(row).toContain('purchase Test ×3');
    expect(odd).toContain('recorded by a server: joined the session with the nearest browser activity');
    // Nothing to fix: this is the recommended way.
    expect(ask(world, 'GET', '/').text).toMatch(/<span class="note">recorded by a server/);
  });

  it('show the day of rows that did not arrive today', () => {
    const world = createWorld();
    world.arrive(purchase({ receivedAt: NOW - 36 * HOUR }));
    expect(rowsOf(ask(world, 'GET', '/').text)[0]).toMatch(/^03-13 00:00 /);
  });

  it('show all data of a row, and shorten long values', () => {
    const world = createWorld();
    const eventProperties = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`p${i}`, 'x'.repeat(600)]));
    world.arrive({
      ...purchase({ distinctId: 'purchase:1' }),
      eventProperties,
      userProperties: { plan: { seats: 4 } },
    });
    const { text } = ask(world, 'GET', '/');
    expect(text).toContain('purchase:1');
    expect(text).toContain('{&quot;seats&quot;:4}');
    expect(text).toContain(`${'x'.repeat(500)}… (600 characters)`);
    expect(text).toContain('and 10 more');
    expect(text).not.toContain('p50');
  });

  it('show refused rows separately', () => {
    const world = createWorld();
    expect(ask(world, 'GET', '/').text).toContain('No row was refused.');
    world.refused.push({ receivedAt: NOW, message: 'time: older than 7 days' });
    const { text } = ask(world, 'GET', '/');
    expect(text).toContain('1 row refused, not stored');
    expect(text).toContain('time: older than 7 days');
  });

  it('can be filtered by event and by visitor, and keep the filter in the form', () => {
    const world = createWorld();
    world.arrive(purchase(), purchase({ event: 'refund' }), purchase({ userId: 'visitor-2' }));
    const { text } = ask(world, 'GET', '/?event=PURCH&visitor=itor-2');
    expect(rowsOf(text)).toHaveLength(1);
    expect(text).toContain('name="event" value="PURCH"');
    expect(text).toContain('name="visitor" value="itor-2"');
    expect(text).toContain('data-stream="/events/live?event=PURCH&amp;visitor=itor-2"');
  });

  it('link to older events with the same filter', () => {
    const world = createWorld();
    world.arrive(...Array.from({ length: 250 }, (_, i) => purchase({ event: `e${i}` })));
    const pages = [];
    let path: string | undefined = '/?event=e';
    while (path !== undefined) {
      const { text } = ask(world, 'GET', path);
      pages.push(rowsOf(text).map((row) => row.split(' ')[1]));
      path = /href="([^"]*before=[^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&');
    }
    expect(pages.map((rows) => rows.length)).toEqual([100, 100, 50]);
    expect(pages.flat()).toEqual(Array.from({ length: 250 }, (_, i) => `e${249 - i}`));
  });

  it('show three lines that send a first event while there are none', async () => {
    await using collector = await createCollector();
    const page = await (await fetch(collector.url)).text();
    const [, example = ''] = /<pre><code>(.*?)<\/code><\/pre>/s.exec(page) ?? [];
    const lines = plain(example).split('\n');
    expect(lines).toHaveLength(3);
    // The package itself is not installed here.
    const source = lines.join('\n').replace("'ours-ingest'", JSON.stringify(join(process.cwd(), 'src/index.ts')));
    const file = join(await mkdtemp(join(tmpdir(), 'ours-ingest-')), 'first.mts');
    await writeFile(file, source);
    const child = spawn(process.execPath, ['--import', 'tsx', file], { stdio: 'inherit' });
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(collector.events()).toMatchObject([{ event: 'hello', userId: 'me' }]);
  });

  it('show no token if only listed tokens are accepted', async () => {
    await using collector = await createCollector({ tokens: ['secret_token'] });
    const page = await (await fetch(collector.url)).text();
    expect(plain(page)).toContain('token: process.env.OURS_TOKEN, baseUrl');
    expect(page).not.toContain('secret_token');
  });

  it('can be cleared after a confirmation, and are counted from zero again', () => {
    const world = createWorld([checkout]);
    world.arrive(impression('1', HOUR), purchase(), purchase({ userId: 'visitor-2' }));
    world.refused.push({ receivedAt: NOW, message: 'time: older than 7 days' });
    expect(ask(world, 'GET', '/').text).toContain('href="/events/clear"');
    expect(textOf(ask(world, 'GET', '/events/clear').text)).toContain('3 events, all visitors and all results');
    expect(world.queries.totals.events).toBe(3);
    const experiment = world.experiments.find('checkout')!;
    const impressions = () => world.queries.results(experiment).variants.map((variant) => variant.impressions);
    expect(impressions()).toEqual([0, 1]);
    expect(ask(world, 'POST', '/events/clear')).toMatchObject({ status: 303, headers: { location: '/' } });
    const { text } = ask(world, 'GET', '/');
    expect(rowsOf(text)).toEqual([]);
    expect(text).toContain('No row was refused.');
    expect(text).not.toContain('/events/clear');
    // The same number of rows as before: results must not be cached by it.
    world.arrive(purchase(), purchase(), purchase());
    expect(impressions()).toEqual([0, 0]);
    expect(world.experiments.find('checkout')).toBe(experiment);
  });

  it('once cleared, count again in a new session or from a restarted application, as the question before says', async () => {
    const experiment = { key: 'checkout', variants: [{ name: 'a' }, { name: 'b' }], primary: 'purchase' };
    const collector = await createCollector({ experiments: [experiment] });
    const start = () =>
      createClient({
        token: 'test_shop',
        experimentToken: 'exp_shop',
        baseUrl: collector.baseUrl,
        assignTimeoutMs: 60_000,
      });
    const [running, restarted] = [start(), start()];
    onTestFinished(async () => {
      await Promise.all([running.close(), restarted.close()]);
      await collector.close();
    });
    const convert = async (ours: Client, sessionId: string, distinctId: string) => {
      const visitor = ours.visitor({ userId: 'v', sessionId });
      expect(await visitor.assign('checkout')).toMatchObject({ exposed: true });
      await visitor.track('purchase', {}, { distinctId }).settled();
      return collector.recent(10).find(({ event }) => event.distinctId === distinctId)?.verdict;
    };
    expect(await convert(running, 's1', 'a')).toBe('counted');
    const question = textOf(await (await fetch(`${collector.url}/events/clear`)).text());
    expect(question).toContain('start a new session, or restart the application');
    for (const [ours, sessionId, verdict] of [
      [running, 's1', 'not_in_experiment'],
      [running, 's2', 'counted'],
      [restarted, 's1', 'counted'],
    ] as const) {
      await fetch(`${collector.url}/events/clear`, { method: 'POST', body: new URLSearchParams() });
      expect(await convert(ours, sessionId, `${sessionId} ${verdict}`)).toBe(verdict);
    }
  });

  it('cannot be cleared by a page of another site', async () => {
    await using collector = await createCollector();
    await fetch(`${collector.baseUrl}/track`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: 'test_dev', event: 'hello', userId: 'me' }),
    });
    const clear = (headers: Record<string, string>) =>
      fetch(`${collector.url}/events/clear`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        redirect: 'manual',
      });
    expect((await clear({ origin: 'https://elsewhere.example' })).status).toBe(403);
    expect((await fetch(`${collector.url}/events/clear`)).status).toBe(200);
    expect(collector.events()).toHaveLength(1);
    expect((await clear({ origin: collector.url })).status).toBe(303);
    expect(collector.events()).toEqual([]);
  });

  it('survive a time outside the range of Date', () => {
    const world = createWorld();
    // The range of Date is ±8.64e15 ms; safe integers go a little further.
    world.arrive(purchase({ ago: 8.8e15 }), purchase({ ago: -7e15 }));
    expect(rowsOf(ask(world, 'GET', '/').text)).toHaveLength(2);
  });
});
