// The outboxes that are measured: a place for each, made and removed by the benchmark, opened by its children.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryOutbox } from '../dist/index.js';

const REDIS_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const POSTGRES_URL = process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/test';

export const STORES = ['memory', 'sqlite', 'redis', 'postgres'];

/** `only` holds beginnings of names. */
export const selectStores = (names, only) =>
  only === undefined ? names : names.filter((name) => only.some((start) => name.startsWith(start)));

/** Runs `work` with the place of an empty outbox: what a child needs to open it. */
export async function withStore(name, work) {
  const unique = `bench_${randomBytes(4).toString('hex')}`;
  const { place, remove } = await makers[name](unique);
  try {
    return await work(place);
  } finally {
    await remove();
  }
}

const makers = {
  memory: async () => ({ place: { name: 'memory' }, remove: async () => undefined }),
  async sqlite() {
    const directory = mkdtempSync(join(tmpdir(), 'ours-ingest-bench-'));
    return {
      place: { name: 'sqlite', file: join(directory, 'outbox.db') },
      remove: async () => rmSync(directory, { recursive: true }),
    };
  },
  async redis(unique) {
    const { Redis } = await import('ioredis');
    return {
      place: { name: 'redis', url: REDIS_URL, key: unique },
      async remove() {
        const client = new Redis(REDIS_URL);
        for await (const keys of client.scanStream({ match: `{${unique}}:*`, count: 1_000 })) {
          if (keys.length > 0) await client.unlink(keys);
        }
        client.disconnect();
      },
    };
  },
  async postgres(unique) {
    const place = { name: 'postgres', url: POSTGRES_URL, table: `${unique}.outbox` };
    const { outbox, disconnect } = await openOutbox(place);
    await outbox.ensureSchema();
    await disconnect();
    return {
      place,
      async remove() {
        const { client, disconnect } = await connectPostgres(POSTGRES_URL);
        await client.query(`DROP SCHEMA "${unique}" CASCADE`);
        await disconnect();
      },
    };
  },
};

/** The outbox at a place, and what lets go of the connection below it. */
export async function openOutbox(place) {
  switch (place.name) {
    case 'memory':
      return {
        outbox: createMemoryOutbox({ maxQueueSize: 100_000_000, maxQueueBytes: 2 ** 40 }),
        disconnect: async () => undefined,
      };
    case 'sqlite': {
      const { createSqliteOutbox } = await import('../dist/outbox/sqlite.js');
      return { outbox: createSqliteOutbox({ file: place.file }), disconnect: async () => undefined };
    }
    case 'redis': {
      const { createRedisOutbox } = await import('../dist/outbox/redis.js');
      const { Redis } = await import('ioredis');
      const client = new Redis(place.url);
      return {
        outbox: createRedisOutbox({ client, name: place.key }),
        disconnect: async () => client.disconnect(),
      };
    }
    case 'postgres': {
      const { createPostgresOutbox } = await import('../dist/outbox/postgres.js');
      const { client, disconnect } = await connectPostgres(place.url);
      return { outbox: createPostgresOutbox({ client, table: place.table }), disconnect };
    }
  }
}

async function connectPostgres(url) {
  const { default: pg } = await import('pg');
  const client = new pg.Pool({ connectionString: url });
  return { client, disconnect: () => client.end() };
}

/** What decides how safe, and so how fast, the servers are: printed beside their figures. */
export async function describeServers() {
  const { Redis } = await import('ioredis');
  const redis = new Redis(REDIS_URL, { retryStrategy: () => null });
  const setting = async (name) => (await redis.config('GET', name))[1];
  const [, version] = /redis_version:(\S+)/.exec(await redis.info('server'));
  const redisText = `Redis ${version}, appendonly ${await setting('appendonly')}, appendfsync ${await setting('appendfsync')}`;
  redis.disconnect();
  const { client, disconnect } = await connectPostgres(POSTGRES_URL);
  const show = async (name) => Object.values((await client.query(`SHOW ${name}`)).rows[0])[0];
  const settings = ['fsync', 'synchronous_commit', 'shared_buffers'];
  const shown = await Promise.all(settings.map(async (name) => `${name} ${await show(name)}`));
  const postgresText = `PostgreSQL ${await show('server_version')}, ${shown.join(', ')}`;
  await disconnect();
  return { redis: redisText, postgres: postgresText };
}
