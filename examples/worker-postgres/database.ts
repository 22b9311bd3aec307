import { randomUUID } from 'node:crypto';
import pg from 'pg';

/** The shop's own tables. */
const SCHEMA = `
  CREATE TABLE orders (
    id uuid PRIMARY KEY,
    amount integer NOT NULL,
    currency text NOT NULL
  );
  CREATE TABLE stock (remaining integer NOT NULL CHECK (remaining >= 0));
  INSERT INTO stock VALUES (1000);
`;

/** PostgreSQL's code for a violated check. */
export const CHECK_VIOLATION = '23514';

/** The shop's database. */
export interface Database {
  /** May include a password. */
  readonly url: string;
  readonly pool: pg.Pool;
  /** Drops the schema and closes the pool. */
  drop(): Promise<void>;
}

/**
 * Creates a schema for this run.
 * @throws {Error} with instructions, if the database is missing or cannot be used
 */
export async function openDatabase(postgresUrl: string | undefined): Promise<Database> {
  if (!postgresUrl || !URL.canParse(postgresUrl)) {
    throw new Error(
      'Set POSTGRES_URL to a database to try this in: POSTGRES_URL=postgres://… npm run example worker-postgres',
    );
  }
  const schema = `ours_example_${randomUUID().replaceAll('-', '')}`;
  const url = new URL(postgresUrl);
  url.searchParams.set('options', `-c search_path=${schema}`);
  const pool = new pg.Pool({ connectionString: url.href });
  try {
    await pool.query(`CREATE SCHEMA ${schema}`);
    await pool.query(SCHEMA);
  } catch (error) {
    await pool.end();
    // For a host with several addresses, the error has no message, only one error for each address.
    const { message, code } = error as { readonly message: string; readonly code?: string };
    throw new Error(`The database of POSTGRES_URL cannot be used: ${message || code}`, { cause: error });
  }
  return {
    url: url.href,
    pool,
    async drop() {
      await pool.query(`DROP SCHEMA ${schema} CASCADE`);
      await pool.end();
    },
  };
}
