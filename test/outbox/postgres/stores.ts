import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import type { SqlClient } from '../../../src/outbox/outbox.js';
import { createPostgresOutbox } from '../../../src/outbox/postgres/index.js';
import type { TestStore } from '../durable/contract.js';

/** This run's own schema, so that concurrent runs do not interfere. */
export const SCHEMA = `ours_test_${process.pid}`;

/**
 * Makes stores that are sets of tables. A store that is done with is emptied for the next: making tables takes longer than
 * most tests do.
 */
export function storesIn(client: SqlClient): () => Promise<TestStore> {
  const free: string[] = [];
  let made = 0;
  return async () => {
    let table = free.pop();
    if (table === undefined) {
      made += 1;
      table = `${SCHEMA}.outbox_${made}`;
      await createPostgresOutbox({ client, table }).ensureSchema();
    }
    return storeOf(client, table, () => free.push(table));
  };
}

function storeOf(client: SqlClient, table: string, onRemoved: () => void): TestStore {
  const tables = [table, `${table}_identifies`, `${table}_dead_letters`];
  const text = async (sql: string): Promise<string> => {
    const { rows } = (await client.query(sql, [])) as { readonly rows: readonly { readonly text: string | null }[] };
    return rows[0]?.text ?? '';
  };
  return {
    open: (setup) => createPostgresOutbox({ client, table, ...setup }),
    async contents() {
      const parts = tables.map((one) => text(`SELECT string_agg(t::text, ' ') AS text FROM ${one} t`));
      return (await Promise.all(parts)).join(' ');
    },
    async damage(distinctId) {
      await client.query(`UPDATE ${table} SET record = left(record, length(record) / 2) WHERE distinct_id = $1`, [
        distinctId,
      ]);
    },
    async deleteEntry(distinctId) {
      await client.query(`DELETE FROM ${table} WHERE distinct_id = $1`, [distinctId]);
    },
    async empty() {
      await client.query(`TRUNCATE ${tables.join(', ')}`, []);
    },
    async remove() {
      await client.query(`TRUNCATE ${tables.join(', ')}`, []);
      onRemoved();
    },
  };
}

/** A database in this process. */
export function embedded(): { readonly client: PGlite; readonly end: () => Promise<void> } {
  const client = new PGlite();
  return { client, end: () => client.close() };
}

export function connect(options: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: process.env.POSTGRES_URL, ...options });
  pool.on('error', () => {});
  return pool;
}
