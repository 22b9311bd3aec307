import { PGlite } from '@electric-sql/pglite';
import { PrismaPg } from '@prisma/adapter-pg';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { drizzle as drizzleOnPGlite } from 'drizzle-orm/pglite';
import knex from 'knex';
import { CompiledQuery, type Kysely } from 'kysely';
import type pg from 'pg';
import { describe, expectTypeOf, it } from 'vitest';
import type { DurableOutbox, Outbox } from '../../src/outbox/outbox.js';
import {
  createPostgresOutbox,
  fromDrizzle,
  fromKnex,
  fromKysely,
  fromPrisma,
  type PostgresOutbox,
  type PostgresOutboxOptions,
  postgresSchema,
  type SealingKey,
  type SqlClient,
  type TransactionalOutbox,
} from '../../src/outbox/postgres/index.js';
import { PrismaClient } from '../prisma/client/client.js';

declare const pool: pg.Pool;
declare const db: Kysely<{ orders: { id: string } }>;

describe('the postgres outbox', () => {
  it('takes a pool, a client, one from a pool, PGlite and anything with query', () => {
    expectTypeOf<pg.Pool>().toExtend<SqlClient>();
    expectTypeOf<pg.Client>().toExtend<SqlClient>();
    expectTypeOf<pg.PoolClient>().toExtend<SqlClient>();
    expectTypeOf<PGlite>().toExtend<SqlClient>();
    createPostgresOutbox({ client: { query: async () => ({ rows: [] }) } });
    // @ts-expect-error a connection string is no client
    createPostgresOutbox({ client: 'postgres://localhost' });
    // @ts-expect-error the client is what it lives in
    createPostgresOutbox({ table: 'ours_outbox' });
    // @ts-expect-error it has no bounds: nothing that was confirmed is dropped
    createPostgresOutbox({ client: pool, maxQueueSize: 1 });
  });

  it('is an outbox that appends within a transaction', () => {
    expectTypeOf(createPostgresOutbox).parameters.toEqualTypeOf<[options: PostgresOutboxOptions]>();
    expectTypeOf(createPostgresOutbox).returns.toEqualTypeOf<PostgresOutbox>();
    expectTypeOf<PostgresOutbox>().toExtend<TransactionalOutbox>();
    expectTypeOf<PostgresOutbox>().toExtend<DurableOutbox>();
    expectTypeOf<PostgresOutbox>().toExtend<Outbox>();
    expectTypeOf<PostgresOutbox['ensureSchema']>().returns.toEqualTypeOf<Promise<void>>();
    expectTypeOf<SealingKey>().toEqualTypeOf<string | Uint8Array>();
  });

  it('has its schema as text', () => {
    expectTypeOf(postgresSchema()).toBeString();
    expectTypeOf(postgresSchema({ table: 'events.outbox' })).toBeString();
    // @ts-expect-error options, not a name
    postgresSchema('ours_outbox');
  });
});

describe('a transaction of', () => {
  it('pg is one as it is', () => {
    expectTypeOf<pg.PoolClient>().toExtend<SqlClient>();
  });

  it('Prisma', () => {
    const prisma = new PrismaClient({ adapter: new PrismaPg({}) });
    prisma.$transaction(async (tx) => {
      expectTypeOf(fromPrisma(tx)).toEqualTypeOf<SqlClient>();
    });
    expectTypeOf(fromPrisma(prisma)).toEqualTypeOf<SqlClient>();
    // @ts-expect-error pg needs no adapter
    fromPrisma(pool);
  });

  it('Drizzle', () => {
    drizzle(pool).transaction(async (tx) => {
      expectTypeOf(fromDrizzle(tx, sql)).toEqualTypeOf<SqlClient>();
      // @ts-expect-error its sql is needed
      fromDrizzle(tx);
    });
    drizzleOnPGlite(new PGlite()).transaction(async (tx) => {
      expectTypeOf(fromDrizzle(tx, sql)).toEqualTypeOf<SqlClient>();
    });
  });

  it('Kysely', () => {
    db.transaction().execute(async (trx) => {
      expectTypeOf(fromKysely(trx, CompiledQuery)).toEqualTypeOf<SqlClient>();
    });
  });

  it('Knex', () => {
    knex({ client: 'pg' }).transaction(async (trx) => {
      expectTypeOf(fromKnex(trx)).toEqualTypeOf<SqlClient>();
    });
  });
});
