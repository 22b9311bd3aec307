import { describe, expect, it } from 'vitest';
import { arrived, idOf, rig, trackMany, until } from '../support/client.js';

const HTTP_500 = { kind: 'status', status: 500 } as const;

describe('an event that cannot be written as JSON', () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  it.each<[string, unknown]>([
    ['a BigInt', 12n],
    ['a cycle', cycle],
    ['a nested BigInt', { deep: [12n] }],
    ['a throwing getter', Object.defineProperty({}, 'x', { enumerable: true, get: () => expect.fail('a getter') })],
    ['a throwing toJSON', { toJSON: () => expect.fail('a toJSON') }],
    ['an invalid date', new Date(Number.NaN)],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a revoked proxy', revoked()],
    ['half a surrogate pair', '\ud800'],
    ['a very long text', 'x'.repeat(400_000)],
  ])('because of %s costs none of the nine others, nor its own other properties', async (_, value) => {
    const { client, collector } = await rig();
    const ids = Array.from({ length: 10 }, (_, at) => `e${at}`);
    for (const distinctId of ids) {
      const eventProperties = { order: 7, odd: distinctId === 'e4' ? value : 'fine' };
      client.track({ event: 'purchase', userId: 'v', distinctId, eventProperties });
    }
    expect(await client.flush()).toEqual({ delivered: 10, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(arrived(collector).sort()).toEqual(ids);
    expect(collector.events().map(({ eventProperties }) => eventProperties?.order)).toEqual(ids.map(() => '7'));
  });
});

describe('an event the service always fails on', () => {
  it('does not hold up the others of its batch, and ends as retries_exhausted while they succeed', async () => {
    const { client, collector, outcomes } = await rig({ maxRetries: 3 });
    collector.faults.set(({ rows = [] }) => (rows.map(idOf).includes('e37') ? HTTP_500 : undefined));
    const ids = trackMany(client, 100);
    await until(() => arrived(collector).length === 99);
    expect(arrived(collector).sort()).toEqual(ids.filter((id) => id !== 'e37').sort());

    // It has had its chances once the service has taken others in between often enough.
    let round = 0;
    while (!outcomes.some(({ status }) => status === 'dropped')) {
      trackMany(client, 1, `later ${round++} `);
      await client.flush({ timeoutMs: 100 });
    }
    expect(outcomes.filter(({ status }) => status !== 'delivered')).toMatchObject([
      { status: 'dropped', reason: 'retries_exhausted', distinctId: 'e37' },
    ]);
    expect(await client.flush()).toEqual({ delivered: 99 + round, rejected: 0, dropped: 1, pending: 0, unknown: 0 });
  }, 20_000);

  it('waits by itself where it is a firewall that lets it not through, and costs no retries', async () => {
    const { client, collector, time, outcomes } = await rig({ maxRetries: 0 });
    collector.faults.set(({ rows = [] }) =>
      rows.map(idOf).includes('e37') ? { kind: 'status', status: 403 } : undefined,
    );
    const ids = trackMany(client, 100);
    while (arrived(collector).length < 99) {
      time.skip(520);
      await client.flush({ timeoutMs: 20 });
      // Far fewer than there are events: they do not all go as probes.
      expect(collector.requests).toBeLessThan(40);
    }
    expect(arrived(collector).sort()).toEqual(ids.filter((id) => id !== 'e37').sort());
    for (let round = 0; round < 5; round++) {
      trackMany(client, 1, `later ${round} `);
      time.skip(520);
      await client.flush({ timeoutMs: 20 });
    }
    expect(outcomes.filter(({ status }) => status !== 'delivered')).toEqual([]);

    collector.faults.set(() => undefined);
    time.skip(520);
    expect(await client.flush()).toEqual({ delivered: 105, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
  }, 20_000);

  it('is not the next probe again, even if that goes out late', async () => {
    const { client, collector, time } = await rig();
    const probes: string[] = [];
    collector.faults.set(({ rows = [] }) => {
      probes.push(rows.map(idOf).join(' '));
      return rows.map(idOf).includes('e0') ? { kind: 'status', status: 503 } : undefined;
    });
    trackMany(client, 2);
    for (const lateBy of [0, 10, 50]) {
      await client.flush({ timeoutMs: 20 });
      time.skip(500 + lateBy);
    }
    expect(probes.slice(0, 3)).toEqual(['e0 e1', 'e0', 'e1']);
  });

  it('is found among many batches in a busy stream', async () => {
    const { client, collector, outcomes } = await rig({ maxRetries: 2, flushAt: 20 });
    collector.faults.set(({ rows = [] }) => (rows.map(idOf).includes('e130') ? HTTP_500 : undefined));
    trackMany(client, 300);
    let round = 0;
    while (!outcomes.some(({ status }) => status === 'dropped')) {
      trackMany(client, 20, `later ${round++} `);
      await client.flush({ timeoutMs: 20 });
    }
    expect(await client.flush()).toEqual({
      delivered: 299 + 20 * round,
      rejected: 0,
      dropped: 1,
      pending: 0,
      unknown: 0,
    });
    expect(outcomes.find(({ status }) => status === 'dropped')).toMatchObject({
      distinctId: 'e130',
      reason: 'retries_exhausted',
    });
  }, 20_000);

  it('is told apart from others that fail in a row of their own (queue_failed)', async () => {
    const { client, collector, outcomes } = await rig({ maxRetries: 2 });
    collector.faults.set(({ rows = [] }) => {
      const at = rows.map(idOf).indexOf('e1');
      return at < 0 ? undefined : { kind: 'rows', code: 'queue_failed', indexes: [at] };
    });
    trackMany(client, 3);
    await until(() => arrived(collector).length === 2);
    let round = 0;
    while (!outcomes.some(({ status }) => status === 'dropped')) {
      trackMany(client, 1, `later ${round++} `);
      await client.flush({ timeoutMs: 50 });
    }
    expect(await client.flush()).toEqual({ delivered: 2 + round, rejected: 0, dropped: 1, pending: 0, unknown: 0 });
  }, 20_000);
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
