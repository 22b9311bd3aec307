import { describe, expect, it } from 'vitest';
import { arrived, idOf, rig, trackMany, until } from '../support/client.js';

const HTTP_500 = { kind: 'status', status: 500 } as const;

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
    expect(await client.flush()).toEqual({ delivered: 99 + round, rejected: 0, dropped: 1, pending: 0 });
  }, 20_000);

  it('is found among many batches in a busy stream', async () => {
    const { client, collector, outcomes } = await rig({ maxRetries: 2, flushAt: 20 });
    collector.faults.set(({ rows = [] }) => (rows.map(idOf).includes('e130') ? HTTP_500 : undefined));
    trackMany(client, 300);
    let round = 0;
    while (!outcomes.some(({ status }) => status === 'dropped')) {
      trackMany(client, 20, `later ${round++} `);
      await client.flush({ timeoutMs: 20 });
    }
    expect(await client.flush()).toEqual({ delivered: 299 + 20 * round, rejected: 0, dropped: 1, pending: 0 });
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
    expect(await client.flush()).toEqual({ delivered: 2 + round, rejected: 0, dropped: 1, pending: 0 });
  }, 20_000);
});
