import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { DurableOutbox } from '../../src/outbox/outbox.js';
import { createPostgresOutbox } from '../../src/outbox/postgres/index.js';
import { createRedisOutbox } from '../../src/outbox/redis/index.js';
import { createSqliteOutbox } from '../../src/outbox/sqlite/index.js';

/** Where an outbox is stored: all that a process needs to open it. */
export type Place =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'redis'; readonly url: string; readonly name: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly table: string };

export type StoreKind = Place['kind'];

export const STORE_KINDS: readonly StoreKind[] = ['sqlite', 'redis', 'postgres'];

export interface OpenedOutbox {
  readonly outbox: DurableOutbox;
  /** Closes the connection, which the outbox itself leaves open. */
  disconnect(): Promise<void>;
}

/** An empty outbox of a test's own. */
export interface Store {
  readonly place: Place;
  remove(): Promise<void>;
}

/** Why a kind of store cannot be tested here; `undefined` where it can. */
export function missingFor(kind: StoreKind): string | undefined {
  if (kind === 'sqlite') return undefined;
  const variable = kind === 'redis' ? 'REDIS_URL' : 'POSTGRES_URL';
  return process.env[variable] ? undefined : `${variable} is not set`;
}

/**
 * One more handle on an outbox, as every process has its own.
 *
 * @param aheadMs by how much its clock is ahead of the machine's: enough of it, and the leases of the dead are over
 */
export async function openOutbox(place: Place, aheadMs = 0): Promise<OpenedOutbox> {
  const now = (): number => Date.now() + aheadMs;
  switch (place.kind) {
    case 'sqlite':
      return { outbox: createSqliteOutbox({ file: place.file, now }), disconnect: async () => undefined };
    case 'redis': {
      const client = new Redis(place.url);
      return {
        outbox: createRedisOutbox({ client, name: place.name, now }),
        disconnect: async () => client.disconnect(),
      };
    }
    case 'postgres': {
      const client = new pg.Pool({ connectionString: place.url });
      // Errors of idle connections when the database goes away; the outbox finds out on its own.
      client.on('error', () => undefined);
      return {
        outbox: createPostgresOutbox({ client, table: place.table, now }),
        disconnect: () => client.end(),
      };
    }
  }
}

export async function createStore(kind: StoreKind): Promise<Store> {
  const name = `crash_${randomBytes(6).toString('hex')}`;
  switch (kind) {
    case 'sqlite': {
      const directory = await mkdtemp(join(tmpdir(), 'ours-ingest-crash-'));
      return {
        place: { kind, file: join(directory, 'outbox.db') },
        remove: () => rm(directory, { recursive: true, force: true }),
      };
    }
    case 'redis': {
      const url = process.env.REDIS_URL!;
      return { place: { kind, url, name }, remove: () => removeKeys(url, name) };
    }
    case 'postgres': {
      const place: Place = { kind, url: process.env.POSTGRES_URL!, table: `${name}.outbox` };
      await createSchema(place.url, place.table);
      return { place, remove: () => dropSchema(place.url, name) };
    }
  }
}

async function createSchema(url: string, table: string): Promise<void> {
  const client = new pg.Pool({ connectionString: url, max: 1 });
  try {
    await createPostgresOutbox({ client, table }).ensureSchema();
  } finally {
    await client.end();
  }
}

async function dropSchema(url: string, schema: string): Promise<void> {
  const client = new pg.Pool({ connectionString: url, max: 1 });
  try {
    await client.query(`DROP SCHEMA "${schema}" CASCADE`);
  } finally {
    await client.end();
  }
}

async function removeKeys(url: string, name: string): Promise<void> {
  const client = new Redis(url);
  try {
    for await (const keys of client.scanStream({ match: `{${name}}:*`, count: 1_000 })) {
      if (keys.length > 0) await client.unlink(keys);
    }
  } finally {
    client.disconnect();
  }
}
