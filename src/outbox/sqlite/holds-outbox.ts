import { loadSqlite } from '../../sqlite/load-sqlite.js';
import { readSchema } from '../../sqlite/read-schema.js';
import { retryTransient } from '../durable/retry-transient.js';
import { companionsToJoin } from './connection.js';
import { explain } from './sqlite-error.js';

/**
 * Whether an existing file holds an outbox. Changes neither its contents nor its permissions, unlike opening the outbox; only a log
 * whose index (`-shm`) is missing is copied into the database, because another process may still be using the deleted index.
 *
 * @throws {SqliteError} if the file cannot be read
 */
export function holdsOutbox(file: string): Promise<boolean> {
  const Sqlite = loadSqlite();
  const name = `the file ${file}`;
  return retryTransient(async () => {
    try {
      // Reading a database creates its log if that is missing, which another process may still be using.
      companionsToJoin({ file, Sqlite }, name);
      return readSchema(Sqlite, file).tables.has('ours_outbox');
    } catch (error) {
      throw explain(error, name);
    }
  });
}
