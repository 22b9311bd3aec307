import { describe, expect, it } from 'vitest';
import { arrived, rig, trackMany, until } from '../support/client.js';

const HTTP_503 = { kind: 'status', status: 503 } as const;

describe('a queue that is full', () => {
  it.each([
    ['drop-newest', ['e0', 'e1', 'e2', 'e3', 'e4'], ['e5', 'e6', 'e7', 'e8', 'e9']],
    ['drop-oldest', ['e5', 'e6', 'e7', 'e8', 'e9'], ['e0', 'e1', 'e2', 'e3', 'e4']],
  ] as const)('keeps its bound with %s; every dropped event has an outcome', async (whenFull, kept, dropped) => {
    const { client, collector, outcomes, warnings } = await rig({ maxQueueSize: 5, whenFull });
    trackMany(client, 10);
    expect(await client.flush()).toEqual({ delivered: 5, rejected: 0, dropped: 5, pending: 0, unknown: 0 });
    expect(arrived(collector)).toEqual(kept);
    expect(outcomes.filter(({ status }) => status === 'dropped')).toEqual(
      dropped.map((distinctId) => ({
        status: 'dropped',
        reason: 'queue_full',
        kind: 'track',
        event: 'purchase',
        distinctId,
      })),
    );
    expect(warnings).toEqual([expect.stringContaining('maxQueueSize')]);
  });

  it.each(['drop-newest', 'drop-oldest'] as const)('is bounded by bytes as well, with %s', async (whenFull) => {
    const { client, collector } = await rig({ maxQueueBytes: 10_000, whenFull });
    for (let i = 0; i < 50; i++) {
      client.track({ event: 'read', userId: 'v', eventProperties: { text: 'ß'.repeat(420) }, distinctId: `e${i}` });
    }
    const { delivered, dropped } = await client.flush();
    expect(delivered + dropped).toBe(50);
    // 840 bytes of text and a little less than 160 around it: ten fit, eleven do not.
    expect(delivered).toBe(10);
    expect(arrived(collector).at(0)).toBe(whenFull === 'drop-newest' ? 'e0' : 'e40');
  });

  it('rejects what waits for storage, and settles what waits for an outcome', async () => {
    const { client } = await rig({ maxQueueSize: 1 });
    client.track({ event: 'first', userId: 'v' });
    const receipt = client.track({ event: 'second', userId: 'v' });
    await expect(receipt.stored()).rejects.toThrow('dropped, queue_full');
    expect(await receipt.settled()).toEqual({ status: 'dropped', reason: 'queue_full' });
  });

  it('never drops what is on its way', async () => {
    const { client, collector } = await rig({ maxQueueSize: 3, whenFull: 'drop-oldest', flushAt: 3 });
    collector.faults.next({ kind: 'delay', ms: 40 });
    trackMany(client, 3, 'on its way ');
    await until(() => collector.requests === 1);
    trackMany(client, 5, 'later ');
    expect(await client.flush()).toMatchObject({ delivered: 3, dropped: 5 });
    expect(arrived(collector)).toEqual(['on its way 0', 'on its way 1', 'on its way 2']);
  });

  it('warns once however often it is full and has room again', async () => {
    const { client, collector, warnings } = await rig({ maxQueueSize: 10, flushAt: 5 });
    collector.faults.set(() => ({ kind: 'delay', ms: 1 }));
    for (let round = 0; round < 30; round++) {
      trackMany(client, 15, `full ${round} `);
      await client.flush();
      trackMany(client, 2, `room ${round} `);
      await client.flush();
    }
    expect(warnings).toHaveLength(1);
    expect(await client.flush()).toEqual({ delivered: 30 * 12, rejected: 0, dropped: 30 * 5, pending: 0, unknown: 0 });
  });

  it('fills up in an outage, and what it holds is delivered afterwards', async () => {
    const { client, collector, outcomes } = await rig({ maxQueueSize: 100 });
    collector.faults.set(() => HTTP_503);
    for (let round = 0; round < 10; round++) {
      trackMany(client, 50, `round ${round} `);
      await new Promise(setImmediate);
    }
    expect(outcomes).toHaveLength(400);
    collector.faults.clear();
    expect(await client.flush()).toEqual({ delivered: 100, rejected: 0, dropped: 400, pending: 0, unknown: 0 });
    expect(arrived(collector)).toHaveLength(100);
  });
});
