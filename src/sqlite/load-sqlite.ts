import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { failOption } from '../core/check-option.js';
import type { Database, Sqlite } from './database.js';

/**
 * Loads Node's own SQLite (22.13 or later) or the package `libsql`.
 *
 * @throws {OursError} `invalid_option` if neither is available
 */
export function loadSqlite(): Sqlite {
  return nodesOwn() ?? libsql();
}

/**
 * Opens an existing file only to read it. Closing it leaves the database and its write-ahead log as they are, even if no other
 * process has them open.
 *
 * @param Sqlite what {@link loadSqlite} returned
 */
export function openReadOnly(Sqlite: Sqlite, path: string): Database {
  // `libsql` ignores the option, but takes a URI. Older versions of Node take a URI for a file name.
  return Sqlite === nodesOwn()
    ? new Sqlite(path, { readOnly: true })
    : new Sqlite(`${pathToFileURL(path).href}?mode=ro`);
}

function nodesOwn(): Sqlite | undefined {
  // Not imported, because older versions of Node and bundlers would fail on the import.
  const sqlite = process.getBuiltinModule?.('node:sqlite') as { DatabaseSync: Sqlite } | undefined;
  return sqlite?.DatabaseSync;
}

function libsql(): Sqlite {
  try {
    return createRequire(import.meta.url)('libsql') as Sqlite;
  } catch (cause) {
    failOption(
      `SQLite is required, and this Node (${process.version}) does not include it: run \`npm install libsql\`, or use Node 22.13 or later.`,
      { cause },
    );
  }
}
