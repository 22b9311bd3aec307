import { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRedisOutbox, type RedisLike } from '../../../src/outbox/redis/index.js';
import { identifyEntry, idsOf, trackEntry } from '../../support/entries.js';
import { EVERYTHING, UNDELIVERED } from '../contract.js';
import { hasRedisServer, type PrivateRedis, startRedis } from './server.js';

/** All slots on one node: whatever would cross two of them is refused all the same. */
async function startCluster(): Promise<PrivateRedis> {
  const server = await startRedis('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
  const admin = server.connect();
  await admin.cluster('ADDSLOTSRANGE', 0, 16_383);
  await expect.poll(() => admin.cluster('INFO'), { timeout: 60_000 }).toContain('cluster_state:ok');
  return server;
}

const clients: [string, (server: PrivateRedis) => Promise<RedisLike>][] = [
  [
    'ioredis',
    async ({ port }) => {
      const cluster = new Cluster([{ host: '127.0.0.1', port }]);
      onTestFinished(() => cluster.disconnect());
      return cluster;
    },
  ],
  [
    'node-redis',
    async ({ url }) => {
      const cluster = createCluster({ rootNodes: [{ url }] });
      await cluster.connect();
      onTestFinished(() => cluster.destroy());
      return cluster;
    },
  ],
];

describe.skipIf(!hasRedisServer)('the redis outbox in a cluster', () => {
  it.each(clients)('does everything with keys of one slot (%s)', async (_, connect) => {
    const server = await startCluster();
    const outbox = createRedisOutbox({ client: await connect(server) });
    await outbox.append([identifyEntry('i', { userId: 'u' }), ...['a', 'b', 'c', 'd'].map((id) => trackEntry(id))]);
    const [i, a, b, ...others] = await outbox.claim(EVERYTHING);
    await outbox.deadLetter([i!, a!], UNDELIVERED);
    await outbox.release([b!], 60_000);
    await outbox.release(others, 0);
    expect(await outbox.deadLetters.replay(['i'])).toBe(1);
    expect(await outbox.deadLetters.list({ limit: 5 })).toMatchObject([{ distinctId: 'a' }]);
    expect(Object.fromEntries(await outbox.lookUp(['a', 'b']))).toEqual({ a: UNDELIVERED, b: 'inside' });
    expect(await outbox.oldest()).toMatchObject({ position: 3 });

    const admin = server.connect();
    const keys = await admin.keys('*');
    expect(keys.length).toBeGreaterThanOrEqual(8);
    expect(new Set(await Promise.all(keys.map((key) => admin.cluster('KEYSLOT', key)))).size).toBe(1);

    const claimed = await outbox.claim(EVERYTHING);
    expect(idsOf(claimed)).toEqual(['c', 'd', 'i']);
    await outbox.ack(claimed);
    expect(await outbox.deadLetters.discard(['a'])).toBe(1);
    expect(await outbox.stats()).toMatchObject({ waiting: 1, claimed: 0 });
  });
});
