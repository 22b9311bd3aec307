import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe } from 'vitest';
import { createMemoryExposures } from '../../src/exposures/memory.js';
import { createPostgresExposures, type SqlClient } from '../../src/exposures/postgres.js';
import { createRedisExposures, type RedisLike } from '../../src/exposures/redis.js';
import { createSqliteExposures } from '../../src/exposures/sqlite.js';
import { loadSqlite } from '../../src/sqlite/load-sqlite.js';
import { describeExposures, type TestExposures } from './contract.js';

describeExposures('memory', async () => {
  let nowMs = () => 0;
  const store = createMemoryExposures({ monotonic: () => nowMs() });
  return {
    open(now) {
      nowMs = now;
      return store;
    },
    remove: () => undefined,
  };
});

describeExposures('a file of SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ours-exposures-'));
  const opened: { close(): void }[] = [];
  return {
    open(now) {
      const store = createSqliteExposures({ file: join(folder, 'exposures.db'), now });
      opened.push(store);
      return store;
    },
    async remove() {
      for (const store of opened) store.close();
      await rm(folder, { recursive: true });
    },
  };
});

describeExposures('an open database of SQLite', async () => {
  const database = new (loadSqlite())(':memory:');
  return { open: (now) => createSqliteExposures({ database, now }), remove: () => void database.close() };
});

describe.runIf(process.env.REDIS_URL !== undefined)('on a server', () => {
  const ioredis = new Redis(process.env.REDIS_URL ?? '', { lazyConnect: true });
  // A pattern of Redis would read the brackets as a set of characters.
  const prefixed = new Redis(process.env.REDIS_URL ?? '', { lazyConnect: true, keyPrefix: 'tenant[1]:' });
  const nodeRedis = createClient({ url: process.env.REDIS_URL ?? '' });
  beforeAll(() => Promise.all([ioredis.connect(), prefixed.connect(), nodeRedis.connect()]));
  afterAll(() => {
    ioredis.disconnect();
    prefixed.disconnect();
    nodeRedis.destroy();
  });
  const stores = (client: RedisLike) => async (): Promise<TestExposures> => {
    const name = `test-${randomUUID()}`;
    return {
      open: () => createRedisExposures({ client, name }),
      hasOwnClock: true,
      async remove() {
        const keys = await ioredis.keys(`*${name}:*`);
        if (keys.length > 0) await ioredis.del(keys);
      },
    };
  };
  describeExposures('Redis, by ioredis', stores(ioredis));
  describeExposures('Redis, by ioredis with a prefix', stores(prefixed));
  describeExposures('Redis, by node-redis', stores(nodeRedis));
});

const tables = (client: SqlClient) => async (): Promise<TestExposures> => {
  const table = `exposures_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  await Promise.all([1, 2].map(() => createPostgresExposures({ client, table }).ensureSchema()));
  return {
    open: (now) => createPostgresExposures({ client, table, now }),
    async remove() {
      await client.query(`DROP TABLE ${table}`, []);
    },
  };
};

describe.runIf(process.env.POSTGRES_URL !== undefined)('on a server', () => {
  const pool = new pg.Pool({ connectionString: process.env.POSTGRES_URL });
  const strict = new pg.Pool({
    connectionString: process.env.POSTGRES_URL,
    options: '-c default_transaction_isolation=serializable',
  });
  afterAll(() => Promise.all([pool.end(), strict.end()]));
  describeExposures('PostgreSQL', tables(pool));
  describeExposures('PostgreSQL with serializable transactions', tables(strict));
});

describe('in this process', () => {
  const client = new PGlite();
  afterAll(() => client.close());
  describeExposures('PGlite', tables(client));
});
