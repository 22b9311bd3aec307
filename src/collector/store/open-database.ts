import { OursError } from '../../core/errors.js';
import type { Database, Sqlite } from '../../sqlite/database.js';
import { ensurePrivateFile } from '../../sqlite/private-file.js';

/**
 * Opens a database.
 *
 * @param path a file, or `:memory:`
 * @throws {OursError} `invalid_option` where the file is no database or cannot be written
 */
export function openDatabase(Sqlite: Sqlite, path: string): Database {
  try {
    // It may hold health data: nobody else on this machine reads it.
    if (path !== ':memory:') ensurePrivateFile(path);
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
