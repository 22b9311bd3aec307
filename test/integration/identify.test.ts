import { describe, expect, it } from 'vitest';
import type { Collector } from '../../src/collector/index.js';
import { rig, seeded, until } from '../support/client.js';
import { answer } from '../support/clients.js';
import { holdRequestsWith } from '../support/held-requests.js';
import { type Ending, simulate } from '../support/simulated-service.js';

const HOUR_MS = 3_600_000;
const HTTP_500 = { kind: 'status', status: 500 } as const;
const HTTP_503 = { kind: 'status', status: 503 } as const;

/** What arrived, in a word each: `identify` or the event's name. */
function order(collector: Collector): string[] {
  return collector.events().map(({ event }) => (event === '$identify' ? 'identify' : event));
}

describe('what is said of a person', () => {
  it('arrives in the order it was said', async () => {
    const { client, collector } = await rig({ flushAt: 1 });
    for (const city of ['Bern', 'Basel', 'Biel', 'Brig']) {
      client.identify({ userId: 'v', userProperties: { city } });
      await new Promise(setImmediate);
    }
    await client.flush();
    const cities = collector.events().map(({ userProperties }) => userProperties?.city);
    expect(cities.at(-1)).toBe('Brig');
    expect(cities).toEqual(['Bern', 'Basel', 'Biel', 'Brig'].filter((city) => cities.includes(city)));
  });

  it('is merged into one request while it waits: later values win, maps merge, null clears', async () => {
    const { client, collector } = await rig({ flushIntervalMs: HOUR_MS });
    const receipts = [
      client.identify({ userId: 'v', userProperties: { city: 'Bern', zip: '3000', custom_properties: { a: 1 } } }),
      client.identify({ userId: 'v', userProperties: { city: 'Basel', zip: null, custom_properties: { b: 2 } } }),
      client.identify({ userId: 'v', externalId: 'crm-1', sessionId: 'sid_17' }),
      client.identify({ userId: 'other', userProperties: { city: 'Chur' } }),
    ];
    expect(await client.flush()).toMatchObject({ delivered: 4 });
    expect(collector.requestsTo('/identify')).toBe(2);
    expect(collector.events()[0]).toMatchObject({
      userId: 'v',
      externalId: 'crm-1',
      userProperties: {
        city: 'Basel',
        zip: null,
        custom_properties: { a: '1', b: '2' },
        external_id: 'crm-1',
      },
      defaultProperties: { sid: '17' },
    });
    expect(await Promise.all(receipts.map((receipt) => receipt.settled()))).toEqual(
      receipts.map(() => ({ status: 'delivered' })),
    );
  });

  it('keeps its order when the service fails on the earlier part alone while it takes others', async () => {
    const arrivedCities: string[] = [];
    let failuresAlone = 0;
    const { client, pass, now } = simulate({
      flushIntervalMs: 1,
      maxRetries: 5,
      random: () => 0,
      endingOf: () => expect.unreachable(),
      fetch: async (_, { body }) => {
        const city = /Bern|Basel/.exec(body)?.[0];
        const isFirst = body.includes('CH-3000');
        const fails = isFirst && (city === 'Basel' || failuresAlone++ < 3);
        if (city !== undefined && !fails) arrivedCities.push(city);
        return answer(fails ? 500 : 200, { success: !fails });
      },
    });
    // Together they are Basel with the zip of Bern.
    client.identify({ userId: 'v', userProperties: { city: 'Bern', zip: 'CH-3000' } });
    client.identify({ userId: 'v', userProperties: { city: 'Basel' } });
    while (arrivedCities.length < 2 && now() < HOUR_MS) {
      client.track({ event: 'of somebody else', userId: 'other' });
      await pass(50);
    }
    expect(arrivedCities).toEqual(['Bern', 'Basel']);
    expect(failuresAlone).toBe(4);
  });

  it('is never merged for two people who share an identifier', async () => {
    const { client, collector } = await rig({ flushIntervalMs: HOUR_MS });
    client.identify({ userId: 'v1', email: 'family@example.com', userProperties: { first_name: 'Ann' } });
    client.identify({ userId: 'v2', email: 'family@example.com', userProperties: { first_name: 'Ben' } });
    await client.flush();
    expect(collector.events().map(({ userId, userProperties }) => [userId, userProperties?.first_name])).toEqual([
      ['v1', 'Ann'],
      ['v2', 'Ben'],
    ]);
  });
});

describe('an event that depends on an identify', () => {
  it('goes after it, in one flush', async () => {
    const { client, collector } = await rig({ flushIntervalMs: HOUR_MS });
    client.identify({ userId: 'v', externalId: 'crm-1' });
    client.track({ event: 'purchase', userId: 'v' });
    await client.flush();
    expect(order(collector)).toEqual(['identify', 'purchase']);
  });

  it.each([
    ['its userId', { userId: 'v' }],
    ['its externalId alone', { externalId: 'crm-1' }],
    ['its email alone', { email: 'a@example.com' }],
  ])('waits for it while it is under way, found by %s; others pass', async (_, identity) => {
    const held = holdRequestsWith('"Bern"');
    const { client, collector } = await rig({ flushAt: 1, flushIntervalMs: 1, fetch: held.fetch });
    const userProperties = { city: 'Bern' };
    client.identify({ userId: 'v', externalId: 'crm-1', email: 'a@example.com', userProperties });
    client.track({ event: 'purchase', ...identity });
    client.track({ event: 'of somebody else', userId: 'other' });
    await until(() => collector.events().length > 0);
    held.release();
    await client.flush();
    expect(order(collector)).toEqual(['of somebody else', 'identify', 'purchase']);
  });

  it('waits for it across failures', async () => {
    const { client, collector } = await rig({ flushAt: 1, flushIntervalMs: 1 });
    collector.faults.set(({ path, attempt }) => (path === '/identify' && attempt <= 3 ? HTTP_500 : undefined));
    client.identify({ userId: 'v', externalId: 'crm-1' });
    client.track({ event: 'purchase', externalId: 'crm-1' });
    expect(await client.flush()).toMatchObject({ delivered: 2 });
    expect(order(collector)).toEqual(['identify', 'purchase']);
  });

  it('waits for it across an outage, with all that comes later', async () => {
    const { client, collector } = await rig({ flushAt: 2, flushIntervalMs: 1 });
    collector.faults.set([HTTP_503, HTTP_503, undefined]);
    client.identify({ userId: 'v', userProperties: { city: 'Bern' } });
    client.track({ event: 'first', userId: 'v' });
    client.identify({ userId: 'v', userProperties: { city: 'Basel' } });
    client.track({ event: 'second', userId: 'v' });
    expect(await client.flush()).toEqual({ delivered: 4, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    const all = collector.events();
    expect(all.findIndex(({ event }) => event === 'first')).toBeGreaterThan(
      all.findIndex(({ userProperties }) => userProperties?.city === 'Bern'),
    );
    expect(all.findIndex(({ event }) => event === 'second')).toBeGreaterThan(
      all.findIndex(({ userProperties }) => userProperties?.city === 'Basel'),
    );
  });

  it('is sent without it when the service refuses the identify for good', async () => {
    const { client, collector, outcomes } = await rig({ flushIntervalMs: HOUR_MS });
    collector.faults.set(({ path }) => (path === '/identify' ? { kind: 'status', status: 400 } : undefined));
    client.identify({ userId: 'v', userProperties: { city: 'Bern' } });
    client.identify({ userId: 'v', userProperties: { city: 'Basel' } });
    client.track({ event: 'purchase', userId: 'v' });
    expect(await client.flush()).toEqual({ delivered: 1, rejected: 2, dropped: 0, pending: 0, unknown: 0 });
    expect(outcomes.filter(({ kind }) => kind === 'identify').map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
    ]);
    // The two together first, then each alone: one may be good.
    expect(collector.requestsTo('/identify')).toBe(3);
  });

  it('gets through though the service fails on the identify again and again while it takes others', async () => {
    const { client, taken, outcomes, pass, now } = simulate({
      flushIntervalMs: 1,
      maxRetries: 1,
      random: () => 0,
      endingOf: ({ path }) => (path === '/identify' ? { status: 500 } : 'ok'),
    });
    client.identify({ userId: 'v', userProperties: { city: 'Bern' } });
    client.track({ event: 'purchase', userId: 'v', distinctId: 'behind it' });
    while (!taken.has('behind it') && now() < HOUR_MS) {
      client.track({ event: 'of somebody else', userId: 'other' });
      await pass(50);
    }
    expect([...taken.keys()]).toContain('behind it');
    expect(outcomes.filter(({ kind }) => kind === 'identify')).toMatchObject([
      { status: 'dropped', reason: 'retries_exhausted' },
    ]);
  });

  const NEVER_LET_THROUGH: readonly Ending[] = [
    { status: 403, page: true },
    { status: 404, page: true },
    { status: 502, page: true },
    { status: 503, page: true },
    { status: 200, page: true },
    { status: 500 },
    'reset',
    'hang',
  ];

  it.each(NEVER_LET_THROUGH)(
    'waits two hours at most for an identify that is never let through: %j',
    async (ending) => {
      const { client, taken, outcomes, warnings, pass, now } = simulate({
        flushIntervalMs: 1,
        random: seeded(11),
        endingOf: ({ path }) => (path === '/identify' ? ending : 'ok'),
      });
      client.identify({ userId: 'v', userProperties: { city: 'Bern' } });
      client.track({ event: 'purchase', userId: 'v', distinctId: 'behind it' });
      while (!taken.has('behind it') && now() < 2 * HOUR_MS) {
        client.track({ event: 'of somebody else', userId: 'other' });
        await pass(1_000);
      }
      expect([...taken.keys()]).toContain('behind it');
      expect(outcomes.filter(({ kind }) => kind === 'identify')).toMatchObject([
        { status: 'dropped', reason: 'retries_exhausted', message: expect.stringMatching(/^its last failure: ./) },
      ]);
      expect(warnings).toContainEqual(expect.stringContaining('identifies fail again and again'));
    },
  );

  it('warns of identifies only once they have failed for ten seconds: a few failures in a row may be chance', async () => {
    const { client, outcomes, warnings, pass, passUntil, now } = simulate({
      flushIntervalMs: 1,
      random: seeded(11),
      endingOf: ({ path, atMs }) =>
        path === '/identify' && atMs < 8_000 ? { status: 503, headers: { 'retry-after': '0' } } : 'ok',
    });
    client.identify({ userId: 'v', userProperties: { city: 'Bern' } });
    while (now() < 8_000) {
      client.track({ event: 'of somebody else', userId: 'other' });
      await pass(100);
    }
    const isDelivered = (): boolean =>
      outcomes.some(({ kind, status }) => kind === 'identify' && status === 'delivered');
    expect(await passUntil(isDelivered, 60_000)).toBe(true);
    expect(warnings).toEqual([]);
  });

  it('comes after an identify that a firewall blocked for most of an hour', async () => {
    const { client, requests, outcomes, pass, passUntil, taken } = simulate({
      flushIntervalMs: 1,
      random: seeded(11),
      endingOf: ({ path, atMs }) => (path === '/identify' && atMs < 0.8 * HOUR_MS ? { status: 403, page: true } : 'ok'),
    });
    client.identify({ userId: 'v', userProperties: { city: 'Bern' } });
    client.track({ event: 'purchase', userId: 'v', distinctId: 'behind it' });
    for (let minute = 0; minute < 48; minute += 1) {
      client.track({ event: 'of somebody else', userId: 'other' });
      await pass(60_000);
    }
    expect(await passUntil(() => taken.has('behind it'), 10 * 60_000)).toBe(true);
    expect(requests.slice(-2).map(({ path }) => path)).toEqual(['/identify', '/batch']);
    expect(outcomes.filter(({ status }) => status !== 'delivered')).toEqual([]);
  });
});
