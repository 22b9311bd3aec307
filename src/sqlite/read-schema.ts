import { realpathSync, statSync } from 'node:fs';
import type { Sqlite } from './database.js';
import { openReadOnly } from './load-sqlite.js';

/** Another process may be writing. */
const BUSY_TIMEOUT_MS = 5_000;

/** What a database file holds. */
export interface FileSchema {
  /** The names of its tables and views. */
  readonly tables: ReadonlySet<string>;
  /** The number that an application gave its format; 0 if it gave none. */
  readonly userVersion: number;
}

/**
 * Reads what a file holds before anything in it is changed: it may be another application's database. A missing or empty file
 * holds nothing.
 *
 * A killed process leaves its write-ahead log. The database and that log stay as they are; only the log's index (`-shm`) may be
 * rewritten. A rollback journal that a killed process left is played back, as by any reader: SQLite refuses to read before that.
 *
 * The file is opened by SQLite alone: closing it in any other way would release the locks that SQLite holds on it in this process.
 *
 * @throws the driver's error if the file is not a database
 */
export function readSchema(Sqlite: Sqlite, path: string): FileSchema {
  if (isEmpty(path)) return { tables: new Set(), userVersion: 0 };
  // The last connection to close a database copies the log into it and deletes the log, unless it may only read. One that may only
  // read would leave behind the log and index that it had to create.
  const database = isEmpty(`${realpathSync(path)}-wal`) ? new Sqlite(path) : openReadOnly(Sqlite, path);
  try {
    database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    const rows = database
      .prepare(
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
      )
      .all() as { readonly name: string }[];
    const { user_version: userVersion } = database.prepare('PRAGMA user_version').get() as { user_version: number };
    return { tables: new Set(rows.map(({ name }) => name)), userVersion };
  } finally {
    database.close();
  }
}

/** Whether a file is missing or empty. */
function isEmpty(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0;
}
