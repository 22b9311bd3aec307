import { describe, expect, it } from 'vitest';
import { arrived, rig, seeded, trackMany } from '../support/client.js';
import { type Simulation, simulate } from '../support/simulated-service.js';

const HOUR_MS = 3_600_000;

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
  /** Tracks an event every 100 ms until the condition holds, for at most an hour. */
  async function busyUntil({ client, pass, now }: Simulation, condition: () => boolean): Promise<number> {
    let count = 0;
    while (!condition() && now() < HOUR_MS) {
      trackMany(client, 1, `later ${count++} `);
      await pass(100);
    }
    expect(condition()).toBe(true);
    return count;
  }

  const isFirstDropped = ({ outcomes }: Simulation) => outcomes.some(({ status }) => status === 'dropped');

  it('does not hold up the others of its batch, and ends as retries_exhausted while they succeed', async () => {
    const simulation = simulate({
      maxRetries: 3,
      random: () => 0,
      endingOf: ({ ids }) => (ids.includes('e37') ? { status: 500 } : 'ok'),
    });
    const { client, taken, outcomes, passUntil } = simulation;
    trackMany(client, 100);
    expect(await passUntil(() => taken.size === 99, 30_000)).toBe(true);

    const count = await busyUntil(simulation, () => isFirstDropped(simulation));
    expect(outcomes.filter(({ status }) => status !== 'delivered')).toMatchObject([
      { status: 'dropped', reason: 'retries_exhausted', distinctId: 'e37' },
    ]);
    await passUntil(() => taken.size === 99 + count, 30_000);
    expect(await client.flush()).toEqual({ delivered: 99 + count, rejected: 0, dropped: 1, pending: 0, unknown: 0 });
  });

  it('waits where it is a firewall that does not let it through, and costs no retries', async () => {
    let isBlocked = true;
    const { client, requests, taken, outcomes, pass, passUntil } = simulate({
      maxRetries: 0,
      random: () => 0,
      endingOf: ({ ids }) => (isBlocked && ids.includes('e37') ? { status: 403 } : 'ok'),
    });
    trackMany(client, 100);
    expect(await passUntil(() => taken.size === 99, 60_000)).toBe(true);
    // Far fewer than there are events: they do not all go as probes.
    expect(requests.length).toBeLessThan(40);
    for (let round = 0; round < 600; round += 1) {
      trackMany(client, 1, `later ${round} `);
      await pass(1_000);
    }
    expect(outcomes.every(({ status }) => status === 'delivered')).toBe(true);

    isBlocked = false;
    expect(await passUntil(() => taken.size === 700, HOUR_MS)).toBe(true);
  });

  describe('and asks to retry at once', () => {
    it('has the usual time before its retries are used up', async () => {
      const simulation = simulate({
        random: seeded(3),
        endingOf: ({ ids, atMs }) =>
          ids.includes('bad') && atMs < 2 * 60_000 ? { status: 500, retryAfterMs: 0 } : 'ok',
      });
      simulation.client.track({ event: 'purchase', userId: 'v', distinctId: 'bad' });
      await busyUntil(simulation, () => simulation.taken.has('bad') || isFirstDropped(simulation));
      expect(simulation.outcomes.filter(({ status }) => status !== 'delivered')).toEqual([]);
    });

    it('is retried no more often for that while few others pass', async () => {
      const { client, requests, pass } = simulate({
        random: seeded(3),
        endingOf: ({ ids }) => (ids.includes('bad') ? { status: 403, page: true, retryAfterMs: 0 } : 'ok'),
      });
      client.track({ event: 'purchase', userId: 'v', distinctId: 'bad' });
      for (let at = 0; at < 120; at += 1) {
        trackMany(client, 1, `later ${at} `);
        await pass(5_000);
      }
      expect(requests.filter(({ ids }) => ids.includes('bad')).length).toBeLessThan(50);
    });
  });

  it('is not the next probe again, even if that goes out late', async () => {
    const { client, requests, passUntil } = simulate({
      flushIntervalMs: 0,
      random: () => 0,
      endingOf: ({ ids }) => (ids.includes('e0') ? { status: 503 } : 'ok'),
    });
    trackMany(client, 2);
    await passUntil(() => requests.length >= 3, 60_000);
    expect(requests.slice(0, 3).map(({ ids }) => ids.join(' '))).toEqual(['e0 e1', 'e0', 'e1']);
  });

  it('is found among many batches in a busy stream', async () => {
    const simulation = simulate({
      maxRetries: 2,
      flushAt: 20,
      random: seeded(3),
      endingOf: ({ ids }) => (ids.includes('e130') ? { status: 500 } : 'ok'),
    });
    const { client, taken, outcomes, passUntil } = simulation;
    trackMany(client, 300);
    const count = await busyUntil(simulation, () => isFirstDropped(simulation));
    expect(await passUntil(() => taken.size === 299 + count, 30_000)).toBe(true);
    expect(outcomes.filter(({ status }) => status !== 'delivered')).toMatchObject([
      { distinctId: 'e130', reason: 'retries_exhausted' },
    ]);
  });

  it('is distinguished from events that fail as single rows (queue_failed)', async () => {
    const simulation = simulate({ maxRetries: 2, random: () => 0, endingOf: () => ({ failedRows: ['e1'] }) });
    const { client, taken, outcomes, passUntil } = simulation;
    trackMany(client, 3);
    const count = await busyUntil(simulation, () => isFirstDropped(simulation));
    expect(await passUntil(() => taken.size === 2 + count, 30_000)).toBe(true);
    expect(outcomes.filter(({ status }) => status !== 'delivered')).toMatchObject([{ distinctId: 'e1' }]);
  });
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
