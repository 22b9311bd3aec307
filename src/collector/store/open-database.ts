import { isOursError, OursError } from '../../core/errors.js';
import type { Database, Sqlite } from '../../sqlite/database.js';
import { ensurePrivateFile } from '../../sqlite/private-file.js';
import { fileKind } from './file-kind.js';

/**
 * Opens a database. Another application's file is refused before anything in it changes.
 *
 * @param path a file, or `:memory:`
 * @throws {OursError} `invalid_option` if the file is not a database, holds another application's tables, or cannot be written
 */
export function openDatabase(Sqlite: Sqlite, path: string): Database {
  try {
    if (path !== ':memory:') {
      if (fileKind(Sqlite, path) === 'foreign') throw notOurs(path);
      // It may hold health data, so other users of this machine must not read it.
      ensurePrivateFile(path);
    }
    const database = new Sqlite(path);
    // Commits survive a crash of this process; a power failure may lose the last ones. A long write-ahead log is cheaper than
    // frequent checkpoints, and a large page cache is worth its memory. With larger pages than SQLite's usual ones, the rows of a
    // request touch fewer pages of a large index; with even larger ones, rows of scattered visitors cost more.
    database.exec(`
      PRAGMA page_size = 8192;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA wal_autocheckpoint = 5000;
      PRAGMA cache_size = -65536;
      PRAGMA busy_timeout = 5000;
    `);
    return database;
  } catch (cause) {
    if (isOursError(cause)) throw cause;
    throw new OursError('invalid_option', `the data file ${path} cannot be opened: ${String(cause)}.`, { cause });
  }
}

function notOurs(path: string): OursError {
  return new OursError(
    'invalid_option',
    `${path} is not a collector's file: it holds tables of something else, and is unchanged. Name another file.`,
  );
}
