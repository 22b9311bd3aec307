import { createRequire } from 'node:module';
import { failOption } from '../core/check-option.js';
import type { Sqlite } from './database.js';

/**
 * Loads Node's own SQLite (22.13 or later) or the package `libsql`.
 *
 * @throws {OursError} `invalid_option` if neither is available
 */
export function loadSqlite(): Sqlite {
  return nodesOwn() ?? libsql();
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
