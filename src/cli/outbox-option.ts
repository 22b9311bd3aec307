import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isOursError } from '../core/errors.js';
import { readSecretKeys, type SecretKey } from '../core/secret-key.js';
import { UsageError } from './command.js';
import type { OpenOptions, OpenOutbox } from './open-outbox.js';
import { openPostgres } from './open-postgres.js';
import { openRedis } from './open-redis.js';

type OutboxOption = 'sqlite' | 'redis' | 'name' | 'postgres' | 'table';

/** The options that select an outbox, for `parseArgs`. */
export const outboxOptions: Readonly<Record<OutboxOption, { readonly type: 'string' }>> & {
  readonly 'accept-unsealed': { readonly type: 'boolean' };
} = {
  sqlite: { type: 'string' },
  redis: { type: 'string' },
  name: { type: 'string' },
  postgres: { type: 'string' },
  table: { type: 'string' },
  'accept-unsealed': { type: 'boolean' },
};

export const OUTBOX_USAGE = `  --sqlite <file>      the outbox: a SQLite file,
  --redis <url>        or Redis, under --name <name>,
  --postgres <url>     or PostgreSQL, in --table <table>
  --accept-unsealed    accept events that were stored before the outbox was sealed (see docs/sealing.md)

Process lists show options, including passwords: set OURS_OUTBOX_SQLITE, OURS_OUTBOX_REDIS or OURS_OUTBOX_POSTGRES
instead. OURS_SEALING_KEYS holds the keys of a sealed outbox, separated by commas.`;

/** The values of {@link outboxOptions}. */
export type OutboxValues = Readonly<
  Partial<Record<OutboxOption, string | undefined>> & { 'accept-unsealed'?: boolean | undefined }
>;

/** @throws {Error} when the file cannot be opened, or holds no outbox and none must be created in it */
async function openSqlite(file: string, { sealingKeys, acceptUnsealed, create }: OpenOptions): Promise<OpenOutbox> {
  const path = resolve(file);
  if (!create) {
    await access(path).catch((cause: unknown) => {
      throw new Error(`${path} does not exist: no event was stored in it yet, or the path is wrong.`, { cause });
    });
    const { holdsOutbox } = await import('../outbox/sqlite/holds-outbox.js');
    if (!(await holdsOutbox(path))) {
      throw new Error(`${path} holds no outbox: no event was stored in it yet, or the path is wrong. It is unchanged.`);
    }
  }
  const { createSqliteOutbox } = await import('../outbox/sqlite/index.js');
  const outbox = createSqliteOutbox({ file: path, sealingKeys, acceptUnsealed });
  try {
    await outbox.oldest();
  } catch (error) {
    await outbox.close().catch(() => undefined);
    throw error;
  }
  return { outbox, describe: `the SQLite file ${path}`, close: () => outbox.close() };
}

const ENGINES = {
  sqlite: { variable: 'OURS_OUTBOX_SQLITE', open: openSqlite },
  redis: { variable: 'OURS_OUTBOX_REDIS', open: openRedis },
  postgres: { variable: 'OURS_OUTBOX_POSTGRES', open: openPostgres },
} as const;

type Engine = keyof typeof ENGINES;
const engines = Object.keys(ENGINES) as Engine[];

/** Returns whether options or environment select an outbox. */
export function namesOutbox(values: OutboxValues, env: Readonly<Record<string, string | undefined>>): boolean {
  return engines.some((engine) => values[engine] !== undefined || env[ENGINES[engine].variable]);
}

/**
 * Opens the outbox that options or environment select, and checks that it answers.
 * @throws UsageError unless they select exactly one
 * @throws {Error} when it does not exist or cannot be reached, with advice
 */
export async function openOutbox(
  values: OutboxValues,
  env: Readonly<Record<string, string | undefined>>,
  { create = false, ensureSchema = false }: Partial<Pick<OpenOptions, 'create' | 'ensureSchema'>> = {},
): Promise<OpenOutbox> {
  const { engine, target } = chooseOutbox(values, env);
  if (values.name !== undefined && engine !== 'redis') throw new UsageError('--name is for --redis only.');
  if (values.table !== undefined && engine !== 'postgres') throw new UsageError('--table is for --postgres only.');
  if (ensureSchema && engine !== 'postgres') {
    throw new UsageError('--ensure-schema is for --postgres only.');
  }
  const place = values.name ?? values.table;
  try {
    const sealingKeys = readSealingKeys(env.OURS_SEALING_KEYS);
    const acceptUnsealed = values['accept-unsealed'] ?? false;
    if (acceptUnsealed && sealingKeys === undefined) {
      throw new UsageError('--accept-unsealed is for a sealed outbox: set OURS_SEALING_KEYS to its keys.');
    }
    return await ENGINES[engine].open(target, { place, sealingKeys, acceptUnsealed, create, ensureSchema });
  } catch (error) {
    // Invalid keys, or an invalid name or table.
    throw isOursError(error) && error.code === 'invalid_option' ? new UsageError(error.message) : error;
  }
}

function chooseOutbox(
  values: OutboxValues,
  env: Readonly<Record<string, string | undefined>>,
): { readonly engine: Engine; readonly target: string } {
  const given = engines.filter((engine) => values[engine] !== undefined);
  const chosen = given.length > 0 ? given : engines.filter((engine) => env[ENGINES[engine].variable]);
  const [engine, another] = chosen;
  if (engine === undefined || another !== undefined) {
    const got = chosen.map((one) => (given.length > 0 ? `--${one}` : ENGINES[one].variable)).join(' and ');
    throw new UsageError(`select one outbox by --sqlite, --redis or --postgres; got ${got || 'none'}.`);
  }
  const target = values[engine] ?? env[ENGINES[engine].variable] ?? '';
  if (target === '') throw new UsageError(`--${engine} is empty.`);
  return { engine, target };
}

/** Reads keys separated by commas, with an optional comma at the end; `undefined` if there are none. */
function readSealingKeys(text = ''): readonly SecretKey[] | undefined {
  const keys = text.trim().replace(/,$/, '');
  return keys === '' ? undefined : readSecretKeys('OURS_SEALING_KEYS', keys.split(','));
}
