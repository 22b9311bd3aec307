import { OursError } from '../../core/errors.js';
import type { Identity } from '../../protocol/identity.js';
import type { NamedRow } from '../../protocol/person-names.js';
import { type Database, transact } from '../../sqlite/database.js';
import { loadSqlite } from '../../sqlite/load-sqlite.js';
import { createMeasurements } from './measured/measurements.js';
import { openDatabase } from './open-database.js';
import { ensureSchema } from './schema.js';
import { storedNames } from './to-log-entry.js';

/** How much a collector deleted of a person, or would delete in a dry run. */
export interface ForgottenVisitor {
  readonly events: number;
  /** Variants that were assigned to the person. */
  readonly assignments: number;
}

/** Rows of the visitors with one of the names in ?1, and the rows with the numbers in ?2. */
const THEIRS = `
  visitor IN (SELECT visitor FROM names WHERE name IN (SELECT value FROM json_each(?1)))
  OR number IN (SELECT value FROM json_each(?2))`;

/** Bounds how many refused rows are in memory at once. */
const PAGE_ROWS = 500;

/**
 * Deletes a person's events, names and assignments, also from free pages of the file. Names that were seen together are one
 * person.
 *
 * @throws {OursError} `invalid_option` when no person is named
 */
export function forgetVisitor(database: Database, person: Identity, dryRun: boolean): ForgottenVisitor {
  const given = givenNames(person);
  // Overwrites deleted content, which would otherwise stay readable in free pages.
  database.exec('PRAGMA secure_delete = ON');
  const forgotten = transact(database, (): ForgottenVisitor => {
    const known = database
      .prepare(
        `SELECT name FROM names WHERE visitor IN
           (SELECT visitor FROM names WHERE name IN (SELECT value FROM json_each(?)))`,
      )
      .all(JSON.stringify(given)) as { name: string }[];
    const all = new Set([...given, ...known.map(({ name }) => name)]);
    const names = JSON.stringify([...all]);
    const refused = JSON.stringify(refusedRowsOf(database, all));
    const events = `events WHERE ${THEIRS}`;
    const assignments = `assignments WHERE 'user:' || visitor_id IN (SELECT value FROM json_each(?))`;
    const count = (from: string, ...values: string[]): number =>
      (database.prepare(`SELECT count(*) AS count FROM ${from}`).get(...values) as { count: number }).count;
    const remove = (from: string, ...values: string[]): unknown =>
      database.prepare(`DELETE FROM ${from}`).run(...values);
    const found = { events: count(events, names, refused), assignments: count(assignments, names) };
    if (!dryRun) {
      const measurements = createMeasurements(database);
      const visitors = database
        .prepare(`SELECT DISTINCT visitor FROM names WHERE name IN (SELECT value FROM json_each(?))`)
        .all(names) as { visitor: number }[];
      measurements.markStale(visitors.map(({ visitor }) => visitor));
      remove(events, names, refused);
      remove(assignments, names);
      remove('names WHERE name IN (SELECT value FROM json_each(?))', names);
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

/**
 * The numbers of the refused rows that mention one of the names. A refused row links no visitors, so the table of names does not
 * lead to it. The rows are read here, because SQL's `lower()` folds only ASCII letters.
 */
function refusedRowsOf(database: Database, names: ReadonlySet<string>): number[] {
  const pageAfter = database.prepare(
    `SELECT number, row FROM events WHERE number > ? AND refusal IS NOT NULL ORDER BY number LIMIT ${PAGE_ROWS}`,
  );
  const found: number[] = [];
  for (let from = 0; ; ) {
    const page = pageAfter.all(from) as { number: number; row: string }[];
    if (page.length === 0) return found;
    for (const { number, row } of page) {
      if (storedNames(JSON.parse(row) as NamedRow).some((name) => names.has(name))) found.push(number);
    }
    from = page.at(-1)!.number;
  }
}

/** The names of the person to forget. */
function givenNames(person: Identity): string[] {
  const { userId, externalId, email } = person;
  for (const [field, name] of Object.entries({ userId, externalId, email })) {
    if (name !== undefined && (typeof name !== 'string' || name === '')) {
      throw new OursError('invalid_option', `forget: ${field} must be a non-empty string.`);
    }
  }
  const names = storedNames({ userId, externalId, email });
  if (names.length === 0) {
    throw new OursError(
      'invalid_option',
      'forget needs a person: a userId, an externalId or an email, or several of them.',
    );
  }
  return names;
}
