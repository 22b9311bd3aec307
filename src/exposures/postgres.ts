import type { Exposures } from '../assignment/exposure-store.js';
import { checkOptionNames, failOption } from '../core/check-option.js';
import { fieldNames } from '../core/unknown-names.js';
import { retryTransient } from '../outbox/durable/retry-transient.js';
import type { SqlClient } from '../outbox/outbox.js';
import { explain, postgresError } from '../outbox/postgres/errors.js';
import { handleErrors } from '../outbox/postgres/listener.js';
import { readReply } from '../outbox/postgres/reply.js';
import { TimedClient } from '../outbox/postgres/timed-client.js';
import { namesOf, schemaOf, statementsFor } from './postgres-statements.js';
import { createSweep } from './sweeping.js';

export type { Exposures } from '../assignment/exposure-store.js';
export type { SqlClient } from '../outbox/outbox.js';

export interface PostgresExposuresOptions {
  /** A `pg` Pool or Client, a PGlite, or anything with `query(text, values)`. You close it. */
  readonly client: SqlClient;
  /** A name, or `schema.name`. @default 'ours_exposures' */
  readonly table?: string | undefined;
  /** The clock in milliseconds, for tests. @default the database's clock, shared by all processes */
  readonly now?: (() => number) | undefined;
}

/** A store of exposures in a PostgreSQL database. */
export interface PostgresExposures extends Required<Exposures> {
  /** Creates the table if it is missing. Any number of processes may call it at once. */
  ensureSchema(): Promise<void>;
}

const OPTIONS = fieldNames<PostgresExposuresOptions>({ client: 1, table: 1, now: 1 });
const MIGRATE_WITHIN_MS = 60_000;

/**
 * A store of exposures in your PostgreSQL database, for any number of processes. The table is unlogged: a crash of the server
 * empties it, which costs a second exposure in a session and nothing else.
 *
 * @example
 * const exposures = createPostgresExposures({ client: new pg.Pool({ connectionString }) });
 * await exposures.ensureSchema();
 *
 * @throws {OursError} `invalid_option` for a client without `query`, or an invalid table name
 */
export function createPostgresExposures(options: PostgresExposuresOptions): PostgresExposures {
  checkOptionNames('createPostgresExposures', options, OPTIONS);
  const { client, table, now } = options ?? {};
  if (typeof client?.query !== 'function') {
    failOption('client must be a pg Pool or Client, or anything with query(text, values).');
  }
  const names = namesOf(table);
  const statements = statementsFor(names);
  handleErrors(client);
  const timed = new TimedClient(client);

  async function ask(text: string, values: string[], withinMs?: number): Promise<unknown> {
    try {
      return await timed.query(text, values, withinMs);
    } catch (error) {
      const explained = explain(error, names.given);
      if (!/^(3F000|42P01)$/.test(explained.engineCode ?? '')) throw explained;
      throw postgresError(
        `the table ${names.given} does not exist in the client's database: run ensureSchema() or the SQL of postgresExposuresSchema() (${explained.engineCode}).`,
        explained.engineCode,
      );
    }
  }

  async function run<Result>(text: string, values: string[]): Promise<Result> {
    // Under strict isolation levels, concurrent claims of one key fail and succeed when retried.
    const answer = await retryTransient(() => ask(text, values));
    return readReply(answer, names.given).at(-1) as Result;
  }

  const clock = (): string => (now === undefined ? '' : String(Math.trunc(now())));

  const sweep = createSweep(() => run(statements.sweep, [clock()]));

  return {
    async claim(key, ttlMs) {
      const isFirst = await run<boolean>(statements.claim, [key, String(ttlMs), clock()]);
      sweep();
      return isFirst;
    },
    remember: (key, value, ttlMs) => run(statements.remember, [key, value, String(ttlMs), clock()]),
    recall: async (key) => (await run<string | null>(statements.recall, [key, clock()])) ?? undefined,
    forget: async (visitor, dryRun) =>
      Number(await run<string>(dryRun ? statements.count : statements.forget, [visitor])),
    async ensureSchema() {
      await ask(schemaOf(names), [], MIGRATE_WITHIN_MS);
    },
  };
}

/**
 * The table as one SQL statement, for your migrations. Running it again changes nothing.
 *
 * @throws {OursError} `invalid_option` for an invalid table name
 */
export function postgresExposuresSchema({ table }: { readonly table?: string | undefined } = {}): string {
  return schemaOf(namesOf(table));
}
