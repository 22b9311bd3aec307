import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Exposures } from '../assignment/exposure-store.js';
import { isOursError } from '../core/errors.js';
import { messageOf, UsageError } from './command.js';
import { openPool } from './open-postgres.js';
import { createRedisClient } from './open-redis.js';
import { readLocalFile } from './read-local-file.js';

/** A store of exposures that a command has opened. */
export interface OpenExposures {
  readonly exposures: Required<Exposures>;
  /** A short description without credentials. */
  readonly describe: string;
  close(): Promise<void>;
}

const OPTION = '--exposures';

/**
 * Opens a store of exposures: a file, or the URL of a Redis or a PostgreSQL.
 *
 * @param name the Redis name or the Postgres table, if not the default
 * @throws UsageError for an invalid URL or name
 */
export async function openExposures(target: string, name: string | undefined): Promise<OpenExposures> {
  try {
    if (/^postgres(ql)?:/.test(target)) return await openPostgres(target, name);
    if (/^rediss?:/.test(target)) return await openRedis(target, name);
    if (name !== undefined) throw new UsageError('--exposures-name is for Redis and PostgreSQL only.');
    return await openSqlite(target);
  } catch (error) {
    throw isOursError(error) && error.code === 'invalid_option' ? new UsageError(error.message) : error;
  }
}

async function openPostgres(url: string, table: string | undefined): Promise<OpenExposures> {
  const { createPostgresExposures } = await import('../exposures/postgres.js');
  const { client, shown, close } = await openPool(OPTION, url);
  const exposures = createPostgresExposures({ client, table });
  return { exposures, describe: `the exposures in Postgres at ${shown}`, close: () => close(Promise.resolve()) };
}

async function openRedis(url: string, name: string | undefined): Promise<OpenExposures> {
  const { createRedisExposures } = await import('../exposures/redis.js');
  const { client, shown, lastError } = await createRedisClient(OPTION, url);
  const describe = `the exposures in Redis at ${shown}`;
  const exposures = createRedisExposures({ client, name });
  try {
    await client.connect();
  } catch (error) {
    // It would try to reconnect for ever.
    client.disconnect();
    throw new Error(`${describe} cannot be used: ${messageOf(lastError() ?? error)}`, { cause: error });
  }
  return { exposures, describe, close: async () => client.disconnect() };
}

async function openSqlite(file: string): Promise<OpenExposures> {
  const path = resolve(file);
  await access(path).catch((cause: unknown) => {
    throw new Error(`${path} does not exist.`, { cause });
  });
  const { readSchema } = await import('../sqlite/read-schema.js');
  const { loadSqlite } = await import('../sqlite/load-sqlite.js');
  const { tables } = readLocalFile(path, () => readSchema(loadSqlite(), path));
  if (!tables.has('ours_exposures')) {
    throw new Error(`${path} holds no exposures: none were stored in it yet, or the path is wrong. It is unchanged.`);
  }
  const { createSqliteExposures } = await import('../exposures/sqlite.js');
  const exposures = createSqliteExposures({ file: path });
  return { exposures, describe: `the exposures in ${path}`, close: async () => exposures.close() };
}
