import { Redis } from 'ioredis';
import pg from 'pg';
import { createClient } from 'redis';
import type { DurableOutbox } from '../../../src/index.js';
import { createPostgresOutbox } from '../../../src/outbox/postgres/index.js';
import { createRedisOutbox } from '../../../src/outbox/redis/index.js';
import { createSqliteOutbox } from '../../../src/outbox/sqlite/index.js';
import type { Place } from './store.js';

export interface OpenedOutbox {
  readonly outbox: DurableOutbox;
  /** Closes the connections, which the outbox leaves to the application. */
  disconnect(): Promise<void>;
}

/** Opens an outbox the way an application does: with its own client and default settings. */
export async function openOutbox(
  place: Exclude<Place, { readonly kind: 'memory' }>,
  driver: 'ioredis' | 'redis' | 'pg',
): Promise<OpenedOutbox> {
  switch (place.kind) {
    case 'sqlite':
      return { outbox: createSqliteOutbox({ file: place.file }), disconnect: async () => undefined };
    case 'postgres': {
      // No error listener: the outbox must handle errors of idle connections, as its documentation says.
      const pool = new pg.Pool({ connectionString: place.url, max: 6 });
      return { outbox: createPostgresOutbox({ client: pool }), disconnect: () => pool.end() };
    }
    case 'redis':
      return driver === 'redis' ? openNodeRedis(place.url) : openIoredis(place.url);
  }
}

function openIoredis(url: string): OpenedOutbox {
  const client = new Redis(url);
  client.on('error', () => undefined);
  return {
    outbox: createRedisOutbox({ client }),
    disconnect: async () => client.disconnect(),
  };
}

async function openNodeRedis(url: string): Promise<OpenedOutbox> {
  const client = createClient({ url });
  client.on('error', () => undefined);
  // It keeps trying to connect; events tracked meanwhile wait for it.
  void client.connect().catch(() => undefined);
  return {
    outbox: createRedisOutbox({ client }),
    disconnect: async () => {
      if (client.isOpen) client.destroy();
    },
  };
}

/** A pool for the application's transactions. A broken connection must not end the process. */
export function openPool(url: string): pg.Pool {
  const timeouts = { connectionTimeoutMillis: 5_000, query_timeout: 5_000 };
  const pool = new pg.Pool({ connectionString: url, max: 4, ...timeouts });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
