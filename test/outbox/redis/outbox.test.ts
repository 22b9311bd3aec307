import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll } from 'vitest';
import { describeDurableOutbox } from '../durable/contract.js';
import { createRedisStore, redisUrl } from './store.js';

const ioredis = new Redis(redisUrl, { lazyConnect: true });
const nodeRedis = createClient({ url: redisUrl });

beforeAll(async () => {
  await Promise.all([ioredis.connect(), nodeRedis.connect()]);
});

afterAll(() => {
  ioredis.disconnect();
  nodeRedis.destroy();
});

describeDurableOutbox('redis (ioredis)', async () => createRedisStore(ioredis, ioredis), {
  drops: ['drop-newest'],
  runs: 60,
});

describeDurableOutbox('redis (node-redis)', async () => createRedisStore(nodeRedis, ioredis), {
  drops: ['drop-newest'],
  runs: 60,
});
