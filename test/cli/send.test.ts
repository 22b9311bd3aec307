import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/cli/command.js';
import { send } from '../../src/cli/send.js';
import { createCollector } from '../../src/collector/index.js';
import { run, runChild } from './running.js';

const token = 'test_shop_secret';

describe('ours-ingest send', () => {
  it('sends an event with all options and reports that the service accepted it', async () => {
    await using collector = await createCollector();
    const time = new Date(Date.now() - 60_000);
    const { printed, error } = await run(
      send,
      [
        ...['purchase', '--user-id', 'u1', '--external-id', 'x1', '--email', 'a@example.org', '--session-id', 'sid_17'],
        ...['--property', 'value=49.9', '--property', 'formula=a=b', '--property', 'note='],
        ...['--user-property', 'city=Graz', '--user-property', 'custom_properties.plan=pro'],
        ...['--distinct-id', 'purchase:1', '--time', time.toISOString()],
      ],
      { env: { OURS_TOKEN: token, OURS_BASE_URL: collector.baseUrl } },
    );
    expect(error).toBeUndefined();
    expect(printed).toEqual(['delivered: the service accepted it (distinctId: purchase:1)']);
    expect(collector.events()).toMatchObject([
      {
        event: 'purchase',
        userId: 'u1',
        externalId: 'x1',
        email: 'a@example.org',
        distinctId: 'purchase:1',
        time: time.getTime(),
        eventProperties: { value: '49.9', formula: 'a=b', note: '' },
        userProperties: { city: 'Graz', custom_properties: { plan: 'pro' } },
        defaultProperties: { sid: '17' },
      },
    ]);
  });

  it('sends an identify', async () => {
    await using collector = await createCollector();
    const { printed, error } = await run(
      send,
      ['--identify', '--user-id', 'u1', '--user-property', 'city=Graz', '--base-url', collector.baseUrl],
      { env: { OURS_TOKEN: token } },
    );
    expect({ printed, error }).toEqual({ printed: ['delivered: the service accepted it'], error: undefined });
    expect(collector.events()).toMatchObject([{ event: '$identify', userId: 'u1', userProperties: { city: 'Graz' } }]);
  });

  it('prints the generated id, so that the event can be sent again', async () => {
    await using collector = await createCollector();
    const env = { OURS_TOKEN: token, OURS_BASE_URL: collector.baseUrl };
    const { printed } = await run(send, ['purchase', '--user-id', 'u1'], { env });
    const id = printed[0]!.split('distinctId: ')[1]!.slice(0, -1);
    await run(send, ['purchase', '--user-id', 'u1', '--distinct-id', id], { env });
    expect(collector.events()).toHaveLength(1);
    expect(collector.duplicates).toBe(1);
  });

  it.each([
    ['an event that the client refuses', ['purchase'], 'rejected (no_identity)'],
    [
      'an event that is too old',
      ['purchase', '--user-id', 'u', '--time', '2020-01-01T00:00:00Z'],
      'rejected (invalid_time)',
    ],
  ])('explains why it does not send %s', async (_, args, message) => {
    await using collector = await createCollector();
    const env = { OURS_TOKEN: token, OURS_BASE_URL: collector.baseUrl };
    const { printed, warned, error } = await run(send, args, { env });
    expect(error?.message).toContain(message);
    expect({ printed, warned }).toEqual({ printed: [], warned: [] });
    expect(collector.requests).toBe(0);
  });

  it('prints why the service rejected the event', async () => {
    await using collector = await createCollector();
    collector.faults.next({ kind: 'rows', indexes: [0], code: 'invalid_event' });
    const env = { OURS_TOKEN: token, OURS_BASE_URL: collector.baseUrl };
    const { error } = await run(send, ['purchase', '--user-id', 'u', '--distinct-id', 'd'], { env });
    expect(error?.message).toBe('rejected (invalid_event): injected fault (distinctId: d)');
  });

  it('says that the service refused an event that is too old', async () => {
    await using collector = await createCollector();
    const env = { OURS_TOKEN: token, OURS_BASE_URL: collector.baseUrl };
    const time = new Date(Date.now() - 8 * 86_400_000).toISOString();
    const { error } = await run(send, ['purchase', '--user-id', 'u', '--time', time], { env });
    expect(error?.message).toMatch(/^dropped \(too_old\): the service refused it: older than 7 days\. \(distinctId: /);
  });

  it('times out with the cause, and says that sending again is safe', async () => {
    await using collector = await createCollector();
    collector.faults.set(() => ({ kind: 'status', status: 401 }));
    const env = { OURS_TOKEN: token, OURS_BASE_URL: collector.baseUrl };
    const args = ['purchase', '--user-id', 'u', '--distinct-id', 'd', '--timeout', '0.5'];
    const { warned, error } = await run(send, args, { env });
    expect(warned.join()).toContain('refused the token');
    expect(error?.message).toContain('no outcome within 0.5 s');
    expect(error?.message).toContain('distinctId: d');
    expect(error?.message).not.toContain(token);
  });

  it('stops waiting when it is asked to', async () => {
    await using collector = await createCollector();
    const stop = new AbortController();
    collector.faults.set(() => {
      stop.abort();
      return { kind: 'hang' };
    });
    const env = { OURS_TOKEN: token, OURS_BASE_URL: collector.baseUrl };
    const { error } = await run(send, ['purchase', '--user-id', 'u'], { env, stop: stop.signal });
    expect(error?.message).toContain('no outcome before it was stopped');
  });

  it.each([
    ['no event', []],
    ['two events', ['purchase', 'refund']],
    ['an event and --identify', ['purchase', '--identify']],
    ['a token on the command line, where every process can read it', ['purchase', '--token', token]],
    ['a property without a name', ['purchase', '--property', '=secret-value']],
    ['a property without a value', ['purchase', '--property', 'secret-value']],
    ['a property that would be lost', ['purchase', '--user-id', 'u', '--property', '__proto__=secret']],
    ['a map as a property', ['purchase', '--user-property', 'custom_properties=secret-value']],
    ['a time without a zone', ['purchase', '--time', '2026-03-01T09:30:00']],
    ['an invalid timeout', ['purchase', '--timeout', 'soon']],
    ['a property of an identify', ['--identify', '--user-id', 'u', '--property', 'x=1']],
    ['a time of an identify', ['--identify', '--user-id', 'u', '--time', '2026-03-01T09:30:00Z']],
    ['an id of an identify', ['--identify', '--user-id', 'u', '--distinct-id', 'i1']],
  ])('refuses %s', async (_, args) => {
    const { error } = await run(send, [...args], { env: { OURS_TOKEN: token } });
    expect(error).toBeInstanceOf(UsageError);
    expect(error?.message).not.toContain('secret');
  });

  it.each([
    ['there is no token', {}, 'OURS_TOKEN'],
    ['the client is disabled', { OURS_TOKEN: token, OURS_DISABLED: '1' }, 'OURS_DISABLED'],
  ])('refuses to run if %s', async (_, env, message) => {
    const { error } = await run(send, ['purchase', '--user-id', 'u'], { env });
    expect(error).toBeInstanceOf(UsageError);
    expect(error?.message).toContain(message);
  });

  it('shows its options', async () => {
    const { printed } = await run(send, ['--help']);
    expect(printed.join()).toContain('--distinct-id <id>');
  });
});

describe.concurrent('the process that sends', () => {
  it('runs until the outcome arrives, and ends with 0', async () => {
    await using collector = await createCollector();
    collector.faults.next({ kind: 'status', status: 503 });
    const env = { OURS_TOKEN: token, OURS_BASE_URL: collector.baseUrl };
    const child = runChild(['send', 'purchase', '--user-id', 'u'], env);
    expect(await child.end).toBe(0);
    expect(child.stdout()).toContain('delivered');
    expect(collector.events()).toHaveLength(1);
  });

  it('ends with 1 if the event was not delivered', async () => {
    await using collector = await createCollector();
    const env = { OURS_TOKEN: token, OURS_BASE_URL: collector.baseUrl };
    const child = runChild(['send', 'purchase'], env);
    expect(await child.end).toBe(1);
    expect(child.stderr()).toContain('no_identity');
  });

  it('warns once of plain http to another machine, and not for this machine', async () => {
    const [elsewhere, here] = ['http://events.invalid/api/v1', 'http://127.0.0.1:1/api/v1'].map((baseUrl) =>
      run(send, ['purchase', '--user-id', 'u', '--timeout', '0.2'], {
        env: { OURS_TOKEN: 'test_shop', OURS_BASE_URL: baseUrl },
      }),
    );
    const about = async (ran: typeof elsewhere) => (await ran!).warned.filter((line) => line.includes('use https'));
    expect(await about(elsewhere)).toEqual([expect.stringMatching(/^events\.invalid is reached over http/)]);
    expect(await about(here)).toEqual([]);
  });
});
