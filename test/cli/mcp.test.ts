import { describe, expect, it, onTestFinished } from 'vitest';
import { mcp } from '../../src/cli/mcp.js';
import { createCollector } from '../../src/collector/index.js';
import { post } from '../collector/posting.js';
import { until } from '../support/client.js';
import { accountOf } from './account.js';
import { startMcp } from './mcp/mcp-client.js';
import { run, runChild } from './running.js';

const READING = ['explain_event', 'recent_events', 'list_experiments', 'experiment_results'];
const WRITING = ['create_experiment', 'start_experiment', 'stop_experiment'];

/** A collector in its own process, with an experiment. */
async function startDev(): Promise<{ readonly url: string; readonly baseUrl: string }> {
  const child = runChild(['dev', '--port', '0', '--experiment', 'checkout:classic,one_page:purchase'], {});
  onTestFinished(async () => {
    child.process.kill('SIGTERM');
    await child.end;
  });
  await until(() => child.stdout().includes('OURS_BASE_URL='));
  const [, baseUrl = ''] = /OURS_BASE_URL=(\S+)/.exec(child.stdout()) ?? [];
  return { baseUrl, url: new URL(baseUrl).origin };
}

const userId = '5f0c5a52-8a10-4f51-9b8e-0a8f6f5b1c2d';

describe('ours-ingest mcp with a collector', () => {
  it('says why an event did not count, and what to do', async () => {
    const collector = await startDev();
    const { call, client } = await startMcp(['--collector', collector.url]);
    expect(client.getServerVersion()).toMatchObject({ name: 'ours-ingest' });
    const purchase = { event: 'purchase', distinctId: 'purchase:pi_3OkXyZabcdef1234' };
    await post(collector, '/track', { token: 'test_shop', ...purchase, userId });
    const { json } = await call('explain_event', { distinctId: purchase.distinctId });
    expect(json.events).toMatchObject([
      {
        number: 1,
        event: 'purchase',
        distinctId: 'purchase:pi_3…234',
        verdict: 'not_in_experiment',
        outcome: 'not counted',
        reason: 'the visitor has no counted impression',
        visitor: { number: 1, userId: '5f0c…c2d' },
        session: 'none',
      },
    ]);
    expect(json.events[0].whatToDo).toContain('identify()');
    expect((await call('explain_event', { number: 1 })).json).toEqual(json);
  });

  it('explains an event that never arrived, with what was refused', async () => {
    const collector = await startDev();
    const { call } = await startMcp(['--collector', collector.url]);
    await post(collector, '/batch', { token: 'test_shop', events: [{ event: 'purchase', distinctId: 'p1' }] });
    for (const asked of [{ distinctId: 'p1' }, { number: 7 }]) {
      const { json } = await call('explain_event', asked);
      expect(json).toMatchObject({ events: [], reason: 'No such event has arrived at the collector.' });
      expect(json.whatToDo).toContain('flushed or closed');
      expect(json.recentlyRefused).toHaveLength(1);
    }
    for (const wrong of [{}, { distinctId: 'p1', number: 1 }, { number: 0 }, { distinctId: 5 }]) {
      expect((await call('explain_event', wrong)).isError).toBe(true);
    }
  });

  it('hides personal values in every answer', async () => {
    const collector = await startDev();
    const { call } = await startMcp(['--collector', collector.url]);
    const secrets = [
      'ada@example.com',
      'Lovelace',
      '+49 151 2345678',
      'Main Street 1',
      'diabetes',
      '203.0.113.7',
      userId,
    ];
    await post(collector, '/track', {
      token: 'test_shop',
      event: 'purchase of ada@example.com',
      distinctId: 'purchase:ada@example.com',
      userId,
      externalId: 'customer ada@example.com',
      email: 'ada@example.com',
      eventProperties: { condition: 'diabetes', value: '49.90', 'ada@example.com': 'x' },
      userProperties: {
        last_name: 'Lovelace',
        phone_number: '+49 151 2345678',
        custom_properties: { a: 'Main Street 1' },
      },
      defaultProperties: { sid: '1700000000000', ip: '203.0.113.7', current_url: 'https://shop.example/?q=diabetes' },
      identityContext: { ip: '203.0.113.7', userAgent: 'Mozilla/5.0' },
    });
    // Anyone can send an impression, and the page says which variant it shows.
    const impression = { variant_name: 'ada@example.com', experiment_key: 'checkout' };
    const row = { event: '$experiment_impression', visitor_id: userId, eventProperties: impression };
    await fetch(`${collector.url}/ingest`, {
      method: 'POST',
      body: JSON.stringify({ token: 'test_shop', data: [row] }),
    });
    const shown = await call('explain_event', { number: 2 });
    expect(shown.text).not.toContain('ada@example.com');
    expect(shown.json.events[0].reason).toBe('was shown (email) of checkout');
    const answers = [await call('recent_events', { event: 'purchase' }), await call('explain_event', { number: 1 })];
    for (const { text, json } of answers) {
      for (const secret of secrets) expect(text).not.toContain(secret);
      expect(json.events[0]).toMatchObject({
        event: 'purchase of (email)',
        session: '1700…000',
        eventProperties: { condition: '(hidden)', value: '49.90', '(email)': '(hidden)' },
        userProperties: { last_name: '(hidden)', phone_number: '(hidden)', custom_properties: '(hidden)' },
      });
    }
  });

  it('lists recent events, the newest first', async () => {
    const collector = await startDev();
    const { call } = await startMcp(['--collector', collector.url]);
    const events = ['view', 'purchase', 'purchase'].map((event, at) => ({ event, userId, distinctId: `e${at}` }));
    await post(collector, '/batch', { token: 'test_shop', events });
    const numbers = async (input: object) =>
      (await call('recent_events', { ...input })).json.events.map(({ number }: { number: number }) => number);
    expect(await numbers({})).toEqual([3, 2, 1]);
    expect(await numbers({ event: 'purch', limit: 1 })).toEqual([3]);
    expect((await call('recent_events', { limit: 1_000 })).isError).toBe(true);
  });

  it('offers no changes without --write', async () => {
    const collector = await startDev();
    const { tools, call, client } = await startMcp(['--collector', collector.url]);
    expect(await tools()).toEqual(READING);
    const { tools: described } = await client.listTools();
    expect(described.every(({ annotations }) => annotations?.readOnlyHint)).toBe(true);
    expect((await call('start_experiment', { experiment: 'checkout' })).isError).toBe(true);
  });

  it('with --write creates, starts and stops experiments', async () => {
    const collector = await startDev();
    const { tools, call } = await startMcp(['--collector', collector.url, '--write']);
    expect(await tools()).toEqual([...READING, ...WRITING]);
    const input = { key: 'hero', variants: ['warm', 'cold', 'none'], goal: 'purchase', secondary: ['signup'] };
    const { json: draft } = await call('create_experiment', input);
    expect(draft).toMatchObject({ key: 'hero', status: 'draft', goal: 'purchase', secondary: ['signup'] });
    expect(draft.variants).toEqual(input.variants);
    expect((await call('start_experiment', { experiment: 'hero' })).json).toMatchObject({ status: 'running' });
    const assigned = await post(collector, '/experiments/assignments/hero', { token: 'exp_shop', visitor_id: userId });
    expect(assigned).toMatchObject({ body: { in_experiment: true } });
    expect((await call('stop_experiment', { experiment: draft.id })).json).toMatchObject({ status: 'completed' });
    const again = await call('start_experiment', { experiment: 'hero' });
    expect(again).toMatchObject({ isError: true });
    expect(again.text).toMatch(/the Platform API answered .* with HTTP 409: /);
    expect((await call('create_experiment', { ...input, variants: ['alone'] })).isError).toBe(true);
    expect((await call('list_experiments')).json.experiments.map(({ key }: { key: string }) => key)).toEqual([
      'checkout',
      'hero',
    ]);
  });

  it('reports the results, and that there is not enough data for a winner', async () => {
    const collector = await startDev();
    const { call } = await startMcp(['--collector', collector.url]);
    await post(collector, '/experiments/assignments/checkout', { token: 'exp_shop', visitor_id: userId });
    const { json } = await call('experiment_results', { experiment: 'checkout' });
    expect(json).toMatchObject({ key: 'checkout', status: 'running', countedEvent: 'purchase' });
    expect(json.results.map(({ name }: { name: string }) => name)).toEqual(['classic', 'one_page']);
    expect(json.note).toContain('name no winner yet');
    const unknown = await call('experiment_results', { experiment: 'chekout' });
    expect(unknown).toMatchObject({ isError: true, text: 'there is no experiment chekout. Known keys: checkout.' });
  });

  it('says how to start a collector if there is none', async () => {
    const { call } = await startMcp(['--collector', 'http://127.0.0.1:1']);
    const { isError, text } = await call('recent_events');
    expect([isError, text]).toEqual([true, expect.stringContaining('Start it with npx ours-ingest dev')]);
  });

  it('uses the password of the collector', async () => {
    const collector = await createCollector({ password: 'sesame' });
    onTestFinished(() => collector.close());
    const refused = await startMcp(['--collector', collector.url]);
    expect((await refused.call('recent_events')).text).toBe(
      'the collector has a password: set OURS_DEV_PASSWORD to it.',
    );
    const allowed = await startMcp(['--collector', collector.url], { OURS_DEV_PASSWORD: 'sesame' });
    expect((await allowed.call('recent_events')).json.events).toEqual([]);
  });
});

describe('ours-ingest mcp with an account', () => {
  it('says what the account does with an event, and shows no single events', async () => {
    const { env } = await accountOf();
    const { call, tools } = await startMcp(['--account'], env);
    expect(await tools()).toEqual(['check_event_name', 'list_experiments', 'experiment_results']);
    const { json } = await call('check_event_name', { event: 'purchase_complete', experiment: 'checkout_redesign' });
    expect(json.checks[0]).toMatchObject({ level: 'error', message: expect.stringContaining('did you mean') });
    expect(json.measuredBy).toEqual([]);
    expect((await call('check_event_name', { event: 'Signup' })).json.measuredBy).toEqual([
      { key: 'hero', status: 'running', as: 'secondary' },
    ]);
  });

  it('creates an experiment the way the Platform API wants it', async () => {
    const { env, collector } = await accountOf();
    const { call } = await startMcp(['--account', '--write'], env);
    const { json } = await call('create_experiment', { key: 'new', variants: ['a', 'b'], goal: 'purchase_completed' });
    expect(json).toMatchObject({ key: 'new', status: 'draft', variants: ['a', 'b'] });
    expect(collector.requestsTo('/rest/v1/experiment-settings')).toBe(1);
  });

  it('names the scope that a key lacks', async () => {
    const { env } = await accountOf({ apiKeys: [{ key: 'sk_secret_of_the_account', scopes: ['experiment:list'] }] });
    const { call } = await startMcp(['--account'], env);
    const { text } = await call('experiment_results', { experiment: 'hero' });
    expect(text).toContain('lacks the scope experiment:find');
  });
});

describe('the command line of ours-ingest mcp', () => {
  it.each([
    [['--account', '--collector', 'http://127.0.0.1:1'], 'pass either --collector or --account.'],
    [['--api-url', 'https://a.example'], '--api-url needs --account.'],
    [['--account'], 'OURS_PRIVACY_API_KEY is not set'],
    [['--collector', 'http://collector.example'], '--collector must begin with https'],
    [['--collector', 'nothing'], '--collector must be an origin'],
    [['--port', '1'], '--port'],
  ])('%j is refused', async (args, message) => {
    const { error } = await run(mcp, args);
    expect(error?.name).toBe('UsageError');
    expect(error?.message).toContain(message);
  });

  it('--help prints the usage', async () => {
    expect((await run(mcp, ['--help'])).printed[0]).toBe('Usage: ours-ingest mcp [options]');
  });

  it('writes only protocol messages to stdout, and ends when stdin does', async () => {
    const child = runChild(['mcp'], {});
    expect(await child.end).toBe(0);
    expect(child.stdout()).toBe('');
    expect(child.stderr()).toBe('ours-ingest mcp: http://127.0.0.1:6877, read-only\n');
  });
});
