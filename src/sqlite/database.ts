export type SqlValue = string | number | null;

/** A prepared statement. Rows are plain objects. */
export interface Statement {
  run(...values: SqlValue[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
  get(...values: SqlValue[]): unknown;
  all(...values: SqlValue[]): unknown[];
}

/** A database of our own. */
export interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): unknown;
}

/**
 * A database that somebody else has open, as all of `node:sqlite`, `libsql` and `better-sqlite3` declare theirs. What a
 * statement takes, each of them says in a way of its own; it is what {@link Statement} says.
 */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): { run(...values: never[]): unknown; all(...values: never[]): unknown[] };
}

/** An implementation of SQLite. */
export type Sqlite = new (path: string) => Database;
