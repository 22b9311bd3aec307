import { closeSync, openSync } from 'node:fs';
import { OursError } from '../../errors.js';

export type SqlValue = string | number | null;

/** A prepared statement. Rows are plain objects; integers are numbers. */
export interface Statement {
  run(...values: SqlValue[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
  get(...values: SqlValue[]): unknown;
  all(...values: SqlValue[]): unknown[];
}

/** What is used of SQLite; `node:sqlite` and `libsql` both are one. */
export interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): unknown;
}

/** An implementation of SQLite. */
export type Sqlite = new (path: string) => Database;

/**
 * Finds Node's own SQLite (from 22.13 on) or the package `libsql`.
 *
 * @throws {OursError} `invalid_option` where neither is there
 */
export async function loadSqlite(): Promise<Sqlite> {
  return nodesOwn() ?? (await libsql());
}

/**
 * Opens a database.
 *
 * @param path a file, or `:memory:`
 * @throws {OursError} `invalid_option` where the file is no database or cannot be written
 */
export function openDatabase(Sqlite: Sqlite, path: string): Database {
  try {
    // It may hold health data: nobody else on this machine reads it. SQLite gives its other files the same rights.
    if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
    const database = new Sqlite(path);
    // A commit survives a crash of this process; a power cut may cost the last ones. Pages in memory are worth more here than
    // a short log, which is copied and synced each time it is full.
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA wal_autocheckpoint = 10000;
      PRAGMA cache_size = -65536;
      PRAGMA busy_timeout = 5000;
    `);
    return database;
  } catch (cause) {
    throw new OursError('invalid_option', `the data file ${path} cannot be opened: ${String(cause)}.`, { cause });
  }
}

function nodesOwn(): Sqlite | undefined {
  // Asked for instead of imported: a Node without it, or a bundler, would stumble over the import.
  const sqlite = process.getBuiltinModule?.('node:sqlite') as { DatabaseSync: Sqlite } | undefined;
  return sqlite?.DatabaseSync;
}

async function libsql(): Promise<Sqlite> {
  try {
    return (await import('libsql')).default as Sqlite;
  } catch (cause) {
    throw new OursError(
      'invalid_option',
      `the collector keeps its log in SQLite, and this Node (${process.version}) comes without it: run \`npm install --save-dev libsql\`, or use Node 22.13 or later.`,
      { cause },
    );
  }
}
