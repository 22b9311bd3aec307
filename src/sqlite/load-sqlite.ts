import { createRequire } from 'node:module';
import { OursError } from '../core/errors.js';
import type { Sqlite } from './database.js';

/**
 * Finds Node's own SQLite (from 22.13 on) or the package `libsql`.
 *
 * @throws {OursError} `invalid_option` where neither is there
 */
export function loadSqlite(): Sqlite {
  return nodesOwn() ?? libsql();
}

function nodesOwn(): Sqlite | undefined {
  // Asked for instead of imported: a Node without it, or a bundler, would stumble over the import.
  const sqlite = process.getBuiltinModule?.('node:sqlite') as { DatabaseSync: Sqlite } | undefined;
  return sqlite?.DatabaseSync;
}

function libsql(): Sqlite {
  try {
    return createRequire(import.meta.url)('libsql') as Sqlite;
  } catch (cause) {
    throw new OursError(
      'invalid_option',
      `events are kept in SQLite here, and this Node (${process.version}) comes without it: run \`npm install libsql\`, or use Node 22.13 or later.`,
      { cause },
    );
  }
}
