import { PGlite } from '@electric-sql/pglite';
import { PrismaPg } from '@prisma/adapter-pg';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgSchema, text } from 'drizzle-orm/pg-core';
import { drizzle as drizzleOnPGlite } from 'drizzle-orm/pglite';
import knex from 'knex';
import { CamelCasePlugin, CompiledQuery, Kysely, ParseJSONResultsPlugin, PostgresDialect } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { isOursError } from '../../../src/core/errors.js';
import {
  createPostgresOutbox,
  fromDrizzle,
  fromKnex,
  fromKysely,
  fromPrisma,
  type PostgresOutbox,
  type SqlClient,
} from '../../../src/outbox/postgres/index.js';
import { PrismaClient } from '../../prisma/client/client.js';
import { identifyEntry, idsOf, trackEntry } from '../../support/entries.js';
import { EVERYTHING } from '../contract.js';
import { connect } from './stores.js';

const ROLLBACK = new Error('the order is cancelled');
const SCHEMA = `ours_tx_${process.pid}`;
const ada = { userId: 'visitor 1', email: 'ada@example.org' };

/** An application's way to its database: inserts an order and does `work` in one transaction. */
interface Application {
  /** What the library has for the whole database, passed in by mistake. */
  outside(): SqlClient;
  transact(orderId: string, work: (tx: SqlClient) => Promise<void>): Promise<void>;
  end(): Promise<void>;
}

function onPg(): Application {
  const pool = connect();
  return {
    outside: () => pool,
    async transact(orderId, work) {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        await client.query(`INSERT INTO ${SCHEMA}.orders VALUES ($1, 49)`, [orderId]);
        await work(client);
        await client.query('COMMIT');
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      } finally {
        client.release();
      }
    },
    end: () => pool.end(),
  };
}

function onPrisma(): Application {
  const adapter = new PrismaPg({ connectionString: process.env.POSTGRES_URL! }, { schema: SCHEMA });
  const prisma = new PrismaClient({ adapter });
  return {
    outside: () => fromPrisma(prisma),
    transact: (orderId, work) =>
      prisma.$transaction(async (tx) => {
        await tx.order.create({ data: { id: orderId, total: 49 } });
        await work(fromPrisma(tx));
      }),
    end: () => prisma.$disconnect(),
  };
}

function onDrizzle(): Application {
  const pool = connect();
  const orders = pgSchema(SCHEMA).table('orders', { id: text().primaryKey(), total: integer().notNull() });
  return {
    outside: () => fromDrizzle(drizzle(pool), sql),
    transact: (orderId, work) =>
      drizzle(pool).transaction(async (tx) => {
        await tx.insert(orders).values({ id: orderId, total: 49 });
        await work(fromDrizzle(tx, sql));
      }),
    end: () => pool.end(),
  };
}

function onKysely(): Application {
  const db = new Kysely<Record<string, { id: string; total: number }>>({
    dialect: new PostgresDialect({ pool: connect() }),
    // They parse strings that look like JSON, and rename columns.
    plugins: [new ParseJSONResultsPlugin(), new CamelCasePlugin()],
  });
  return {
    outside: () => fromKysely(db, CompiledQuery),
    transact: (orderId, work) =>
      db.transaction().execute(async (trx) => {
        await trx.withSchema(SCHEMA).insertInto('orders').values({ id: orderId, total: 49 }).execute();
        await work(fromKysely(trx, CompiledQuery));
      }),
    end: () => db.destroy(),
  };
}

function onKnex(): Application {
  const db = knex({
    client: 'pg',
    connection: process.env.POSTGRES_URL!,
    pool: { min: 0, max: 4 },
    // Takes the rows out of results, and renames columns.
    postProcessResponse: ({ rows = [] }: { rows?: object[] }) =>
      rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name.toUpperCase(), value]))),
  });
  return {
    outside: () => fromKnex(db),
    transact: (orderId, work) =>
      db.transaction(async (trx) => {
        await trx.withSchema(SCHEMA).table('orders').insert({ id: orderId, total: 49 });
        await work(fromKnex(trx));
      }),
    end: () => db.destroy(),
  };
}

/** A library that resolves to the rows themselves, as TypeORM and postgres.js do. */
function onBareRows(): Application {
  const { outside, transact, end } = onPg();
  const bare = (client: SqlClient): SqlClient => ({
    async query(query, values) {
      const { rows } = (await client.query(query, values)) as { readonly rows: readonly unknown[] };
      return rows;
    },
  });
  return { outside, end, transact: (orderId, work) => transact(orderId, (tx) => work(bare(tx))) };
}

describe.runIf(process.env.POSTGRES_URL !== undefined)('in the transaction of', () => {
  const pool = connect();
  let outbox: PostgresOutbox;

  beforeAll(async () => {
    outbox = createPostgresOutbox({ client: pool, table: `${SCHEMA}.outbox` });
    await outbox.ensureSchema();
    await pool.query(`CREATE TABLE ${SCHEMA}.orders (id text PRIMARY KEY, total integer NOT NULL)`);
  });

  afterAll(async () => {
    await outbox.close();
    await pool.query(`DROP SCHEMA ${SCHEMA} CASCADE`);
    await pool.end();
  });

  const orders = async (): Promise<string[]> => {
    const { rows } = await pool.query<{ id: string }>(`SELECT id FROM ${SCHEMA}.orders`);
    return rows.map(({ id }) => id);
  };

  describe.each([
    ['pg', onPg],
    ['Prisma', onPrisma],
    ['Drizzle', onDrizzle],
    ['Kysely', onKysely],
    ['Knex', onKnex],
    ['a library with bare rows', onBareRows],
  ])('%s', (_, start) => {
    function begin(): { readonly app: Application; readonly fresh: PostgresOutbox } {
      const app = start();
      onTestFinished(async () => {
        await app.end();
        await pool.query(`TRUNCATE ${SCHEMA}.orders, ${SCHEMA}.outbox, ${SCHEMA}.outbox_identifies`);
      });
      // One that has not looked at its tables yet, as in a process that has just started.
      return { app, fresh: createPostgresOutbox({ client: pool, table: `${SCHEMA}.outbox` }) };
    }

    it('an event commits with the order, and not before', async () => {
      const { app, fresh } = begin();
      const entries = [
        identifyEntry("it's", ada, { userProperties: { city: 'Zürich ? $1 🇨🇭' } }),
        trackEntry('purchase:1', ada, 42),
      ];
      await app.transact('1', async (tx) => {
        await fresh.within(tx)(entries);
        expect(await outbox.stats()).toMatchObject({ waiting: 0 });
      });
      expect(await orders()).toEqual(['1']);
      const claimed = await outbox.claim(EVERYTHING);
      for (const [index, { owner: _owner, ...entry }] of entries.entries()) expect(claimed[index]).toMatchObject(entry);
    });

    it('a rollback leaves nothing of either', async () => {
      const { app, fresh } = begin();
      const cancelled = app.transact('1', async (tx) => {
        await fresh.within(tx)([identifyEntry('i', ada), trackEntry('purchase:1', ada)]);
        throw ROLLBACK;
      });
      await expect(cancelled).rejects.toThrow(ROLLBACK);
      expect(await orders()).toEqual([]);
      expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
      await outbox.append([trackEntry('later', ada)]);
      expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['later']);
    });

    it('an event that is tracked first is stored as well, and commits only with the transaction', async () => {
      const { app, fresh } = begin();
      await app.transact('1', async (tx) => {
        await tx.query('SAVEPOINT before', []);
        await fresh.within(tx)([trackEntry('in a savepoint')]);
        await tx.query('ROLLBACK TO SAVEPOINT before', []);
        await fresh.within(tx)([trackEntry('purchase:1')]);
      });
      expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['purchase:1']);
    });

    it('nothing is stored through the whole database, which is refused', async () => {
      const { app, fresh } = begin();
      const append = async (): Promise<void> => fresh.within(app.outside())([trackEntry('purchase:1')]);
      await expect(append()).rejects.toMatchObject({ code: 'invalid_option', message: expect.stringMatching(/BEGIN/) });
      expect(await outbox.stats()).toMatchObject({ waiting: 0 });
    });

    it('an order that is written twice has its event once', async () => {
      const { app, fresh } = begin();
      for (const order of ['1', '1 again']) {
        await app.transact(order, (tx) => fresh.within(tx)([trackEntry('purchase:1')]));
      }
      expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['purchase:1']);
    });

    it('tables that are missing make it fail, with what to do and nothing of the event', async () => {
      const { app } = begin();
      const elsewhere = createPostgresOutbox({ client: pool, table: `${SCHEMA}.elsewhere` });
      const failed = app.transact('1', (tx) => elsewhere.within(tx)([trackEntry('purchase:1', ada)]));
      const error = (await failed.catch((reason: unknown) => reason)) as Error;
      expect(error.message).toMatch(/elsewhere.*ensureSchema\(\).*postgresSchema\(\)/s);
      expect(await orders()).toEqual([]);
    });

    it('an error in the middle of the statement is reported without the event', async () => {
      const { app, fresh } = begin();
      await fresh.stats();
      const failed = app.transact('1', async (tx) => {
        await tx.query(`ALTER TABLE ${SCHEMA}.outbox ADD CONSTRAINT too_small CHECK (bytes < 1)`, []);
        await fresh.within(tx)([trackEntry('purchase:1', ada)]);
      });
      const error = (await failed.catch((reason: unknown) => reason)) as Error;
      expect(isOursError(error)).toBe(true);
      expect(error).toMatchObject({ code: 'store_failed', retryable: true, engineCode: '23514' });
      expect(JSON.stringify([error.message, error.stack, error, error.cause])).not.toMatch(/ada@|visitor 1|purchase:1/);
    });
  });
});

describe.runIf(process.env.POSTGRES_URL !== undefined)('on its own connection', () => {
  const pool = connect();
  const table = `${SCHEMA}_alone.outbox`;
  const outbox = createPostgresOutbox({ client: pool, table });

  beforeAll(() => outbox.ensureSchema());
  afterAll(async () => {
    await pool.query(`DROP SCHEMA ${SCHEMA}_alone CASCADE`);
    await pool.end();
  });

  it('an event is stored before any other statement of the transaction, and not once that has ended', async () => {
    const client = await pool.connect();
    onTestFinished(() => client.release());
    const refused = { code: 'invalid_option', message: expect.stringMatching(/without an open transaction/) };
    await expect(outbox.within(client)([trackEntry('before')])).rejects.toMatchObject(refused);
    await client.query('BEGIN');
    await outbox.within(client)([trackEntry('in it')]);
    await client.query('COMMIT');
    await expect(outbox.within(client)([trackEntry('after')])).rejects.toMatchObject(refused);
    expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['in it']);
  });

  it('an event costs one statement where the order has been written', async () => {
    const client = await pool.connect();
    onTestFinished(() => client.release());
    await client.query('BEGIN');
    await client.query('CREATE TEMPORARY TABLE orders (id integer) ON COMMIT DROP');
    let statements = 0;
    const tx: SqlClient = {
      query(query, values) {
        statements += 1;
        return client.query(query, values);
      },
    };
    await outbox.within(tx)([trackEntry('purchase:1')]);
    await client.query('ROLLBACK');
    expect(statements).toBe(1);
  });
});

describe('in the transaction of Drizzle on PGlite', () => {
  it('an event commits with it or not at all', async () => {
    const client = new PGlite();
    onTestFinished(() => client.close());
    const outbox = createPostgresOutbox({ client });
    await outbox.ensureSchema();
    const db = drizzleOnPGlite(client);
    await db.transaction((tx) => outbox.within(fromDrizzle(tx, sql))([trackEntry('a')]));
    const cancelled = db.transaction(async (tx) => {
      await outbox.within(fromDrizzle(tx, sql))([trackEntry('b')]);
      throw ROLLBACK;
    });
    await expect(cancelled).rejects.toThrow(ROLLBACK);
    await expect(outbox.within(client)([trackEntry('c')])).rejects.toThrow(/without an open transaction/);
    expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['a']);
  });
});
