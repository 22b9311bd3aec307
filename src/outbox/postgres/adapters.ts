import type { SqlClient } from '../outbox.js';
import { assertTransaction } from './assert-transaction.js';

type Values = (string | number | null)[];

type Rows = Awaited<ReturnType<SqlClient['query']>>;

/** The `tx` of Prisma's `$transaction`. */
export interface PrismaLike {
  $queryRawUnsafe(text: string, ...values: Values): PromiseLike<unknown>;
}

/**
 * Adapts Prisma's transaction: `ours.within(fromPrisma(tx)).track(…)`.
 *
 * @throws {OursError} `invalid_option` for the client itself
 */
export function fromPrisma(tx: PrismaLike): SqlClient {
  assertTransaction(tx, 'fromPrisma(tx)', '$queryRawUnsafe');
  return { query: async (text, values) => (await tx.$queryRawUnsafe(text, ...values)) as Rows };
}

/** The `tx` of Drizzle's `transaction`, on node-postgres, postgres.js or PGlite. */
export interface DrizzleLike<Query> {
  execute(query: Query): PromiseLike<Rows>;
}

/**
 * Adapts Drizzle's transaction, with the `sql` of `drizzle-orm`: `ours.within(fromDrizzle(tx, sql)).track(…)`.
 *
 * @throws {OursError} `invalid_option` for a database on a pool
 */
export function fromDrizzle<Query>(
  tx: DrizzleLike<Query>,
  sql: (texts: TemplateStringsArray, ...values: Values) => Query,
): SqlClient {
  assertTransaction(tx, 'fromDrizzle(tx, sql)', 'execute');
  return {
    async query(text, values) {
      const { texts, inOrder } = unnumbered(text, values);
      return tx.execute(sql(Object.assign(texts, { raw: texts }), ...inOrder));
    },
  };
}

/** The `trx` of Kysely's transaction. */
export interface KyselyLike<Query> {
  executeQuery(query: Query): PromiseLike<Rows>;
}

/**
 * Adapts Kysely's transaction, with its `CompiledQuery`: `ours.within(fromKysely(trx, CompiledQuery)).track(…)`.
 *
 * @throws {OursError} `invalid_option` for the Kysely instance itself
 */
export function fromKysely<Query>(
  trx: KyselyLike<Query>,
  compiledQuery: { raw(text: string, values: Values): Query },
): SqlClient {
  assertTransaction(trx, 'fromKysely(trx, CompiledQuery)', 'executeQuery');
  return { query: async (text, values) => trx.executeQuery(compiledQuery.raw(text, values)) };
}

/** The `trx` of Knex's `transaction`, on `pg`. */
export interface KnexLike {
  raw(text: string, values: Values): PromiseLike<Rows>;
}

/**
 * Adapts Knex's transaction: `ours.within(fromKnex(trx)).track(…)`.
 *
 * @throws {OursError} `invalid_option` for the Knex instance itself
 */
export function fromKnex(trx: KnexLike): SqlClient {
  assertTransaction(trx, 'fromKnex(trx)', 'raw');
  return {
    async query(text, values) {
      const { texts, inOrder } = unnumbered(text, values);
      return trx.raw(texts.join('?'), inOrder);
    },
  };
}

/** For libraries with positional parameters: the text between the parameters, and one value for each. */
function unnumbered(text: string, values: Values): { texts: string[]; inOrder: Values } {
  const texts: string[] = [];
  const inOrder: Values = [];
  for (const [index, part] of text.split(/\$(\d+)/).entries()) {
    if (index % 2 === 0) texts.push(part);
    else inOrder.push(values[Number(part) - 1] ?? null);
  }
  return { texts, inOrder };
}
