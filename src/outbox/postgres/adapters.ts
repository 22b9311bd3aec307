import type { SqlClient } from '../outbox.js';

type Values = (string | number | null)[];

/** A Prisma client, or the `tx` of `$transaction`. */
export interface PrismaLike {
  $queryRawUnsafe(text: string, ...values: Values): PromiseLike<unknown>;
}

/** Prisma's transaction as the outbox needs it: `ours.within(fromPrisma(tx)).track(…)`. */
export function fromPrisma(tx: PrismaLike): SqlClient {
  return { query: async (text, values) => ({ rows: (await tx.$queryRawUnsafe(text, ...values)) as unknown[] }) };
}

/** A Drizzle database on node-postgres, or the `tx` of its `transaction`. */
export interface DrizzleLike<Query> {
  execute(query: Query): PromiseLike<{ readonly rows: readonly unknown[] }>;
}

/** Drizzle's transaction, with the `sql` of `drizzle-orm`: `ours.within(fromDrizzle(tx, sql)).track(…)`. */
export function fromDrizzle<Query>(
  tx: DrizzleLike<Query>,
  sql: (texts: TemplateStringsArray, ...values: Values) => Query,
): SqlClient {
  return {
    async query(text, values) {
      const { texts, inOrder } = unnumbered(text, values);
      return tx.execute(sql(Object.assign(texts, { raw: texts }), ...inOrder));
    },
  };
}

/** A Kysely database, or the `trx` of its transaction. */
export interface KyselyLike<Query> {
  executeQuery(query: Query): PromiseLike<{ readonly rows: readonly unknown[] }>;
}

/** Kysely's transaction, with its `CompiledQuery`: `ours.within(fromKysely(trx, CompiledQuery)).track(…)`. */
export function fromKysely<Query>(
  trx: KyselyLike<Query>,
  compiledQuery: { raw(text: string, values: Values): Query },
): SqlClient {
  return { query: async (text, values) => trx.executeQuery(compiledQuery.raw(text, values)) };
}

/** A Knex instance on `pg`, or the `trx` of its `transaction`. */
export interface KnexLike {
  raw(text: string, values: Values): PromiseLike<{ readonly rows: readonly unknown[] }>;
}

/** Knex's transaction: `ours.within(fromKnex(trx)).track(…)`. */
export function fromKnex(trx: KnexLike): SqlClient {
  return {
    async query(text, values) {
      const { texts, inOrder } = unnumbered(text, values);
      return trx.raw(texts.join('?'), inOrder);
    },
  };
}

/** For who counts parameters instead of numbering them: the text between them, and their values one by one. */
function unnumbered(text: string, values: Values): { texts: string[]; inOrder: Values } {
  const texts: string[] = [];
  const inOrder: Values = [];
  for (const [index, part] of text.split(/\$(\d+)/).entries()) {
    if (index % 2 === 0) texts.push(part);
    else inOrder.push(values[Number(part) - 1] ?? null);
  }
  return { texts, inOrder };
}
