import { isOursError } from '../core/errors.js';
import { readSecretKeys, type SecretKey } from '../core/secret-key.js';
import type { DurableOutbox } from '../outbox/outbox.js';
import { UsageError } from './command.js';
import { openPostgres } from './open-postgres.js';
import { openRedis } from './open-redis.js';
import { openSqlite } from './open-sqlite.js';

type OutboxOption = 'sqlite' | 'redis' | 'name' | 'postgres' | 'table';

/** The options that name an outbox and say how it is read, for `parseArgs`. */
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
  --accept-unsealed    take events that were stored before the outbox was sealed (see docs/sealing.md)

In place of the option, OURS_OUTBOX_SQLITE, OURS_OUTBOX_REDIS or OURS_OUTBOX_POSTGRES may be set: who lists
processes sees options, passwords included. OURS_SEALING_KEYS holds the keys of a sealed outbox, with commas between.`;

/** What was given for {@link outboxOptions}. */
export type OutboxValues = Readonly<
  Partial<Record<OutboxOption, string | undefined>> & { 'accept-unsealed'?: boolean | undefined }
>;

/** An outbox that a command has open. */
export interface OpenOutbox {
  readonly outbox: DurableOutbox;
  /** Which one it is, in a few words without credentials. */
  readonly describe: string;
  /** Closes the outbox and the connections below it. */
  close(): Promise<void>;
  /** The server behind a Redis outbox, for questions about how well it keeps what it is given. */
  readonly redis?: RedisServer | undefined;
}

/** A Redis server as one that may be asked anything. */
export interface RedisServer {
  call(command: string, ...args: string[]): Promise<unknown>;
}

export interface OpenOptions {
  /** The Redis name or the Postgres table, where it is not the usual one. */
  readonly place: string | undefined;
  readonly sealingKeys: readonly SecretKey[] | undefined;
  readonly acceptUnsealed: boolean;
  /** Whether a SQLite file, or a name in Redis, that is not there is made. Who only looks at an outbox must not. */
  readonly create: boolean;
  /** Whether the Postgres table is made, or brought up to date. */
  readonly ensureSchema: boolean;
}

const ENGINES = {
  sqlite: { variable: 'OURS_OUTBOX_SQLITE', open: openSqlite },
  redis: { variable: 'OURS_OUTBOX_REDIS', open: openRedis },
  postgres: { variable: 'OURS_OUTBOX_POSTGRES', open: openPostgres },
} as const;

type Engine = keyof typeof ENGINES;
const engines = Object.keys(ENGINES) as Engine[];

/** Whether options or environment name an outbox at all. */
export function namesOutbox(values: OutboxValues, env: Readonly<Record<string, string | undefined>>): boolean {
  return engines.some((engine) => values[engine] !== undefined || env[ENGINES[engine].variable]);
}

/**
 * Opens the outbox that options or environment name, and makes sure that it answers.
 * @throws UsageError unless they name exactly one
 * @throws {Error} when it cannot be reached or is not there, saying what to do
 */
export async function openOutbox(
  values: OutboxValues,
  env: Readonly<Record<string, string | undefined>>,
  { create = false, ensureSchema = false }: Partial<Pick<OpenOptions, 'create' | 'ensureSchema'>> = {},
): Promise<OpenOutbox> {
  const { engine, target } = chooseOutbox(values, env);
  if (values.name !== undefined && engine !== 'redis') throw new UsageError('--name goes with --redis only.');
  if (values.table !== undefined && engine !== 'postgres') throw new UsageError('--table goes with --postgres only.');
  if (ensureSchema && engine !== 'postgres') {
    throw new UsageError('--ensure-schema goes with --postgres only.');
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
    // Keys or a name that cannot be.
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
    const came = chosen.map((one) => (given.length > 0 ? `--${one}` : ENGINES[one].variable)).join(' and ');
    throw new UsageError(`name one outbox by --sqlite, --redis or --postgres; got ${came || 'none'}.`);
  }
  const target = values[engine] ?? env[ENGINES[engine].variable] ?? '';
  if (target === '') throw new UsageError(`--${engine} is empty.`);
  return { engine, target };
}

/** The keys in a variable, commas between them and perhaps one at the end; `undefined` where it is not set. */
function readSealingKeys(text = ''): readonly SecretKey[] | undefined {
  const keys = text.trim().replace(/,$/, '');
  return keys === '' ? undefined : readSecretKeys('OURS_SEALING_KEYS', keys.split(','));
}
