import type { Identity } from '../protocol/identity.js';
import { loadSqlite } from '../sqlite/load-sqlite.js';
import { type ForgottenVisitor, forgetVisitor } from './store/forget-visitor.js';
import { openDatabase } from './store/open-database.js';
import { ensureSchema } from './store/schema.js';

/**
 * Removes a person from the data file of a collector, whether or not one runs on it.
 *
 * @throws {OursError} `invalid_option` for nobody, or a file that is not a collector's
 */
export function forgetInFile(path: string, person: Identity, dryRun: boolean): ForgottenVisitor {
  const database = openDatabase(loadSqlite(), path);
  try {
    ensureSchema(database);
    return forgetVisitor(database, person, dryRun);
  } finally {
    database.close();
  }
}
