import { OursError } from '../../core/errors.js';
import type { Identity } from '../../protocol/identity.js';
import { type Database, transact } from '../../sqlite/database.js';
import { loadSqlite } from '../../sqlite/load-sqlite.js';
import { createMeasurements } from './measured/measurements.js';
import { openDatabase } from './open-database.js';
import { ensureSchema } from './schema.js';
import { toStoredText } from './stored-text.js';

/** How much a collector deleted of a person, or would delete in a dry run. */
export interface ForgottenVisitor {
  readonly events: number;
  /** Variants that were assigned to the person. */
  readonly assignments: number;
}

/** Rows of the visitors with one of the names, and refused rows that mention one of the names. */
const THEIRS = `
  visitor IN (SELECT visitor FROM names WHERE name IN (SELECT value FROM json_each(?1)))
  OR 'user:' || json_extract(row, '$.userId') IN (SELECT value FROM json_each(?1))
  OR 'external:' || json_extract(row, '$.externalId') IN (SELECT value FROM json_each(?1))
  OR 'external:' || json_extract(row, '$.userProperties.external_id') IN (SELECT value FROM json_each(?1))
  OR 'email:' || lower(json_extract(row, '$.email')) IN (SELECT value FROM json_each(?1))
  OR 'email:' || lower(json_extract(row, '$.userProperties.email')) IN (SELECT value FROM json_each(?1))`;

/**
 * Deletes a person's events, names and assignments, also from free pages of the file. Names that were seen together are one
 * person.
 *
 * @throws {OursError} `invalid_option` when no person is named
 */
export function forgetVisitor(database: Database, person: Identity, dryRun: boolean): ForgottenVisitor {
  const given = namesOf(person);
  // Overwrites deleted content, which would otherwise stay readable in free pages.
  database.exec('PRAGMA secure_delete = ON');
  const forgotten = transact(database, (): ForgottenVisitor => {
    const known = database
      .prepare(
        `SELECT name FROM names WHERE visitor IN
           (SELECT visitor FROM names WHERE name IN (SELECT value FROM json_each(?)))`,
      )
      .all(JSON.stringify(given)) as { name: string }[];
    const names = JSON.stringify([...new Set([...given, ...known.map(({ name }) => name)])]);
    const count = (from: string): number =>
      (database.prepare(`SELECT count(*) AS count FROM ${from}`).get(names) as { count: number }).count;
    const remove = (from: string): unknown => database.prepare(`DELETE FROM ${from}`).run(names);
    const events = `events WHERE ${THEIRS}`;
    const assignments = `assignments WHERE 'user:' || visitor_id IN (SELECT value FROM json_each(?1))`;
    const found = { events: count(events), assignments: count(assignments) };
    if (!dryRun) {
      const measurements = createMeasurements(database);
      const visitors = database
        .prepare(`SELECT DISTINCT visitor FROM names WHERE name IN (SELECT value FROM json_each(?))`)
        .all(names) as { visitor: number }[];
      measurements.markStale(visitors.map(({ visitor }) => visitor));
      remove(events);
      remove(assignments);
      remove('names WHERE name IN (SELECT value FROM json_each(?1))');
      // What was measured tells of sessions too, so it goes in the same transaction.
      measurements.rewind();
      measurements.catchUpWithin();
    }
    return found;
  });
  if (!dryRun) database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  return forgotten;
}

/**
 * Deletes a person from the data file of a collector, whether or not a collector is running on it.
 *
 * @throws {OursError} `invalid_option` when no person is named, or for a file of another format
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

function namesOf({ userId, externalId, email }: Identity): string[] {
  const names: string[] = [];
  const add = (kind: string, field: string, name: string | undefined): void => {
    if (name === undefined) return;
    if (typeof name !== 'string' || name === '') {
      throw new OursError('invalid_option', `forget: ${field} must be a non-empty string.`);
    }
    names.push(toStoredText(`${kind}:${name}`));
  };
  add('user', 'userId', userId);
  add('external', 'externalId', externalId);
  add('email', 'email', typeof email === 'string' ? email.toLowerCase() : email);
  if (names.length === 0) {
    throw new OursError(
      'invalid_option',
      'forget needs a person: a userId, an externalId or an email, or several of them.',
    );
  }
  return names;
}
