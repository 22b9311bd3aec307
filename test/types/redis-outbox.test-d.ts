import { Cluster, Redis } from 'ioredis';
import { createClient, createClientPool, createCluster, createSentinel } from 'redis';
import { expectTypeOf, test } from 'vitest';
import type { Client, ClientOptions } from '../../src/index.js';
import { createRedisOutbox, type DurableOutbox, type RedisLike } from '../../src/outbox/redis/index.js';

test('the clients of ioredis are taken', () => {
  expectTypeOf(new Redis()).toExtend<RedisLike>();
  expectTypeOf(new Redis({ keyPrefix: 'a:' })).toExtend<RedisLike>();
  expectTypeOf(new Cluster([])).toExtend<RedisLike>();
});

test('the clients of redis are taken', () => {
  expectTypeOf(createClient()).toExtend<RedisLike>();
  expectTypeOf(createClient({ RESP: 3 })).toExtend<RedisLike>();
  expectTypeOf(createClientPool()).toExtend<RedisLike>();
  expectTypeOf(createCluster({ rootNodes: [] })).toExtend<RedisLike>();
  expectTypeOf(createSentinel({ name: 'a', sentinelRootNodes: [] })).toExtend<RedisLike>();
});

test('other things are not', () => {
  // @ts-expect-error a URL is no client
  createRedisOutbox({ client: 'redis://127.0.0.1' });
  // @ts-expect-error a client is needed
  createRedisOutbox({});
  // @ts-expect-error what the client may not do
  createRedisOutbox({ client: { get: async () => 'a' } });
});

test('an outbox fits into a client', () => {
  expectTypeOf(createRedisOutbox).returns.toEqualTypeOf<DurableOutbox>();
  expectTypeOf<DurableOutbox>().toExtend<NonNullable<ClientOptions['outbox']>>();
  expectTypeOf<Client>().not.toBeAny();
});
