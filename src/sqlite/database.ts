export type SqlValue = string | number | null;

/** A prepared statement. Rows are plain objects. */
export interface Statement {
  run(...values: SqlValue[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
  get(...values: SqlValue[]): unknown;
  all(...values: SqlValue[]): unknown[];
}

/** A database that this package opened. */
export interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): unknown;
}

/**
 * A database that the caller opened, typed so that those of `node:sqlite`, `libsql` and `better-sqlite3` all fit. Their statements
 * behave like {@link Statement}, though each library declares them differently.
 */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): { run(...values: never[]): unknown; all(...values: never[]): unknown[] };
}

/** An implementation of SQLite. Some implementations ignore the options. */
export type Sqlite = new (path: string, options?: { readonly readOnly?: boolean }) => Database;

/** Runs `work` in one transaction that writes: all of it is stored, or nothing. */
export function transact<Result>(database: Pick<Database, 'exec'>, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    rollBack(() => database.exec('ROLLBACK'));
    throw error;
  }
}

/** Rolls back, unless SQLite has done so itself, as it does when the disk is full. */
export function rollBack(run: () => unknown): void {
  try {
    run();
  } catch {
    // No transaction is open.
  }
}
