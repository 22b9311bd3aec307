import { describe, expect, it } from 'vitest';
import { createPostgresOutbox, postgresSchema, type SqlClient } from '../../../src/outbox/postgres/index.js';
import { SCHEMA_VERSION } from '../../../src/outbox/postgres/schema.js';
import { trackEntry } from '../../support/entries.js';

/** A client whose every query fails as a real one's would. */
function failing(error: unknown): SqlClient {
  return { query: () => Promise.reject(error) };
}

const fromServer = (code: string, message = 'as the server put it'): Error =>
  Object.assign(new Error(message), { severity: 'ERROR', code });

async function messageFor(error: unknown): Promise<string> {
  const reason: unknown = await createPostgresOutbox({ client: failing(error) })
    .stats()
    .catch((thrown: unknown) => thrown);
  expect(reason).toMatchObject({ code: 'store_failed' });
  return (reason as Error).message;
}

describe('an error of the database is reported with advice:', () => {
  it.each([
    ['28P01', /refused the password.*credentials/s],
    ['53100', /disk is full.*free some space/s],
    ['53300', /no more connections.*max_connections/s],
    ['25P02', /roll it back/],
    ['42P01', /ensureSchema\(\)/],
    ['57P01', /check that the server is up/],
    ['ECONNREFUSED', /check that the server is up/],
    ['XX001', /the database failed: as the server put it/],
  ])('%s', async (code, message) => {
    expect(await messageFor(fromServer(code))).toMatch(message);
  });

  it('a connection that ended without a code', async () => {
    expect(await messageFor(new Error('Connection terminated unexpectedly'))).toMatch(/check that the server is up/);
  });

  it('whatever is thrown', async () => {
    expect(await messageFor('no error at all')).toMatch(/no error at all/);
    expect(await messageFor(null)).toMatch(/the database failed/);
  });

  it('an error that a library has wrapped, by its cause', async () => {
    const drizzle = Object.assign(new Error('Failed query: … params: ada@example.org'), { cause: fromServer('53100') });
    expect(await messageFor(drizzle)).toMatch(/disk is full/);
    const prisma = Object.assign(new Error('Raw query failed'), {
      code: 'P2010',
      meta: { driverAdapterError: { cause: { originalCode: '53100', kind: 'postgres' } } },
    });
    expect(await messageFor(prisma)).toMatch(/disk is full/);
  });

  it('but never with the statement that a library has put into its message', async () => {
    const knex = new Error(`SELECT … json_to_recordset('[{"people":"ada@example.org"}]'::text::json) - out of luck`);
    expect(await messageFor(knex)).not.toMatch(/ada@/);
  });
});

describe('an append', () => {
  it.each(['08006', '40001', '40P01', '53300', '57P01', '57P03', 'ECONNRESET'])(
    'is tried again after %s, until it is stored',
    async (code) => {
      let attempts = 0;
      const client: SqlClient = {
        async query(text) {
          if (text.includes('INSERT')) attempts += 1;
          if (attempts === 1 || attempts === 2) throw fromServer(code);
          return {
            rows: [{ reply: text.includes('INSERT') ? 'ours:[false,["7",[],"i","1"]]' : `ours:["${SCHEMA_VERSION}"]` }],
          };
        },
      };
      const appended = await createPostgresOutbox({ client }).append([trackEntry('a')]);
      expect(appended).toEqual({ dropped: [], duplicates: [], position: 7, incarnation: 'i/0' });
      expect(attempts).toBe(3);
    },
  );

  it('is not tried again when that would not help', async () => {
    let attempts = 0;
    const client: SqlClient = {
      query() {
        attempts += 1;
        return Promise.reject(fromServer('42501'));
      },
    };
    await expect(createPostgresOutbox({ client }).append([trackEntry('a')])).rejects.toThrow(/lacks a permission/);
    expect(attempts).toBe(1);
  });
});

describe('options that cannot work are refused at once:', () => {
  const client = failing(new Error('nobody asked'));

  it.each(['Ours', 'ours outbox', 'a.b.c', '', '1st', 'o"; DROP TABLE orders; --', 'x'.repeat(49)])(
    'the table %j',
    (table) => {
      expect(() => createPostgresOutbox({ client, table })).toThrow(/table must be a name/);
      expect(() => postgresSchema({ table })).toThrow(/table must be a name/);
    },
  );

  it.each([undefined, null, {}, 'postgres://'])('the client %j', (wrong) => {
    expect(() => createPostgresOutbox({ client: wrong as never })).toThrow(/client must be a pg Pool/);
  });

  it('an invalid key', () => {
    expect(() => createPostgresOutbox({ client, sealingKeys: ['short'] })).toThrow(/sealingKeys/);
  });
});
