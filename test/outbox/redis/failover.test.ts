import { Cluster, Redis } from 'ioredis';
import { createClient, createClientPool } from 'redis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createDriver } from '../../../src/outbox/redis/driver.js';
import { createRedisOutbox, type RedisLike } from '../../../src/outbox/redis/index.js';
import { idsOf, trackEntry } from '../../support/entries.js';
import { EVERYTHING } from '../contract.js';
import { startProxy, type TestProxy } from './proxy.js';
import { hasRedisServer, type PrivateRedis, startRedis } from './server.js';

const LONG = { timeout: 60_000 };
const many = (count: number, first = 0) => Array.from({ length: count }, (_, index) => trackEntry(`${first + index}`));

type Connect = (proxy: TestProxy) => Promise<RedisLike>;

const ioredis: Connect = async ({ port }) => {
  const client = new Redis(port, { retryStrategy: () => 20 });
  client.on('error', () => undefined);
  onTestFinished(() => client.disconnect());
  return client;
};

const nodeRedis: Connect = async ({ port }) => {
  const client = createClient({ socket: { port, host: '127.0.0.1', reconnectStrategy: () => 20 } });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.destroy());
  return client;
};

const pool: Connect = async ({ port }) => {
  const client = createClientPool({ socket: { port, host: '127.0.0.1', reconnectStrategy: () => 20 } });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.destroy());
  return client;
};

const single: [string, Connect][] = [
  ['ioredis', ioredis],
  ['node-redis', nodeRedis],
];

async function opened(connect: Connect) {
  const server = await startRedis();
  const proxy = await startProxy(server.port);
  const client = await connect(proxy);
  const outbox = createRedisOutbox({ client });
  onTestFinished(() => outbox.close());
  await outbox.append(many(2));
  return { server, proxy, client, outbox };
}

const isReady = (client: RedisLike & { status?: string; isReady?: boolean }): boolean =>
  client.isReady ?? client.status === 'ready';

/** Claims until it succeeds: a relay asks again as well. */
function claimed(outbox: ReturnType<typeof createRedisOutbox>): Promise<string[]> {
  return vi.waitFor(async () => idsOf(await outbox.claim(EVERYTHING)), LONG);
}

/** Makes the first server a read-only replica of the second, which takes its place; open connections stay. */
async function failOver(from: PrivateRedis, to: PrivateRedis, proxy: TestProxy): Promise<void> {
  const replica = to.connect();
  await replica.call('REPLICAOF', '127.0.0.1', String(from.port));
  await expect.poll(() => replica.info('replication'), LONG).toContain('master_link_status:up');
  await expect.poll(() => replica.exists('{ours-outbox}:stream'), LONG).toBe(1);
  await replica.call('REPLICAOF', 'NO', 'ONE');
  await from.connect().call('REPLICAOF', '127.0.0.1', String(to.port));
  proxy.leadTo(to.port);
}

describe.skipIf(!hasRedisServer)('the redis outbox over a connection', () => {
  it.each(single)(
    'to a primary that was demoted opens another, which leads to the new one (%s)',
    LONG,
    async (_, connect) => {
      const { server, proxy, outbox } = await opened(connect);
      await failOver(server, await startRedis(), proxy);
      await outbox.append(many(1, 2));
      expect(await claimed(outbox)).toEqual(['0', '1', '2']);
    },
  );

  it.each(single)('that falls silent opens another and loses nothing (%s)', LONG, async (_, connect) => {
    const { proxy, outbox } = await opened(connect);
    proxy.silence();
    const appends = Promise.all([outbox.append(many(1, 2)), outbox.append(many(1, 3))]);
    expect((await appends).map(({ dropped }) => dropped)).toEqual([[], []]);
    expect(await claimed(outbox)).toEqual(['0', '1', '2', '3']);
  });

  it.each(single)('that falls silent during a claim hands out what that claim took (%s)', LONG, async (_, connect) => {
    const { proxy, outbox, server } = await opened(connect);
    const claim = outbox.claim(EVERYTHING);
    // The claim is made, and its answer goes nowhere.
    proxy.silence();
    const answer = await claim.then(idsOf, () => undefined);
    if (answer === undefined) expect(await claimed(outbox)).toEqual(['0', '1']);
    expect(await createRedisOutbox({ client: server.connect() }).stats()).toMatchObject({ waiting: 0, claimed: 2 });
  });

  it('of a pool that falls silent goes on with another', LONG, async () => {
    const { proxy, outbox } = await opened(pool);
    proxy.silence();
    await outbox.append(many(1, 2));
    expect(await claimed(outbox)).toEqual(['0', '1', '2']);
  });

  it.each(single)('that comes back uses it again and closes its own (%s)', LONG, async (_, connect) => {
    const { proxy, outbox, client } = await opened(connect);
    proxy.silence();
    await outbox.append(many(1, 2));
    expect(proxy.open).toBe(2);
    proxy.refuse();
    await expect.poll(() => isReady(client), LONG).toBe(false);
    await expect(outbox.claim(EVERYTHING)).rejects.toThrow(/connection to Redis failed/);
    proxy.accept();
    await vi.waitFor(async () => {
      await outbox.stats();
      expect(proxy.open).toBe(1);
    }, LONG);
  });

  it.each(single)('that is closed while it connects leaves no connection behind (%s)', LONG, async (_, connect) => {
    const { proxy, client } = await opened(connect);
    createDriver(client).duplicate()!.dispose();
    const other = createDriver(client).duplicate()!;
    // Once a later connection is ready, the closed one has had its time.
    await expect.poll(() => other.isReady, LONG).toBe(true);
    await expect.poll(() => proxy.open, LONG).toBe(2);
    other.dispose();
    await expect.poll(() => proxy.open, LONG).toBe(1);
  });

  it.each([
    ['the outbox is closed', (_: RedisLike, close: () => Promise<void>) => close()],
    ['the user closes the client', async (client: RedisLike) => (client as Redis).disconnect()],
  ])('that the outbox opened is closed when %s', LONG, async (_, end) => {
    const { proxy, outbox, client } = await opened(ioredis);
    proxy.silence();
    await outbox.append(many(1, 2));
    expect(proxy.open).toBe(2);
    await end(client, () => outbox.close());
    await expect.poll(() => proxy.open, LONG).toBeLessThanOrEqual(1);
    (client as Redis).disconnect();
    await expect.poll(() => proxy.open, LONG).toBe(0);
  });

  it('that is refused for longer than an append may take rejects it, and never stores it', LONG, async () => {
    const { proxy, outbox, server, client } = await opened(ioredis);
    proxy.refuse();
    await expect.poll(() => isReady(client), LONG).toBe(false);
    const failure = await outbox.append(many(1, 2)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'store_failed', storedNothing: true });
    proxy.accept();
    await vi.waitFor(() => outbox.append(many(1, 3)), LONG);
    expect(await server.connect().xlen('{ours-outbox}:stream')).toBe(3);
    expect([...(await outbox.lookUp(['2', '3'])).keys()]).toEqual(['3']);
  });
});

describe.skipIf(!hasRedisServer)('the redis outbox in a cluster of ioredis', () => {
  it('tries an append again whose node was lost while the client is open', LONG, async () => {
    const server = await startRedis('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
    const admin = server.connect();
    await admin.cluster('ADDSLOTSRANGE', 0, 16_383);
    await expect.poll(() => admin.cluster('INFO'), LONG).toContain('cluster_state:ok');
    const cluster = new Cluster([{ host: '127.0.0.1', port: server.port }]);
    onTestFinished(() => cluster.disconnect());
    const lost: string[] = [];
    const client = {
      get status() {
        return cluster.status;
      },
      async call(command: string, args: string[]): Promise<unknown> {
        if (lost.push(command) < 3) throw new Error('Connection is closed.');
        return cluster.call(command, args);
      },
    };
    const outbox = createRedisOutbox({ client });
    expect(await outbox.append(many(1))).toMatchObject({ position: 1 });
    cluster.disconnect();
    await expect.poll(() => cluster.status, LONG).toBe('end');
    const attempts = lost.length;
    await expect(outbox.append(many(1, 1))).rejects.toMatchObject({
      message: expect.stringMatching(/client is not connected: connect it first/),
      storedNothing: true,
    });
    expect(lost).toHaveLength(attempts);
  });
});
