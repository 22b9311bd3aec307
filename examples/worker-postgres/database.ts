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

/** What PostgreSQL says when a check refuses a row. */
export const CHECK_VIOLATION = '23514';

/** The shop's database. */
export interface Database {
  /** With a password, perhaps. */
  readonly url: string;
  readonly pool: pg.Pool;
  /** Removes all that was made in it, and closes it. */
  drop(): Promise<void>;
}

/**
 * Makes a schema of this run's own.
 * @throws {Error} saying what to do, when there is no database or it cannot be used
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
    // A host with several addresses fails with an error for each and no words of its own.
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
