import { statSync } from 'node:fs';
import type { Sqlite } from './database.js';

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
 * The file is opened by SQLite alone: closing it in any other way would release the locks that SQLite holds on it in this process.
 *
 * @throws the driver's error if the file is not a database
 */
export function readSchema(Sqlite: Sqlite, path: string): FileSchema {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return { tables: new Set(), userVersion: 0 };
  const database = new Sqlite(path);
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
