import type { SqliteDatabase } from '../../sqlite/database.js';
import { prepare } from './prepare.js';
import { SqliteOutboxError } from './sqlite-error.js';

/** The tables as they are made here; a file with another number was made by another version of this package. */
const VERSION = 1;

const TABLES = `
  CREATE TABLE ours_outbox (
    version INTEGER NOT NULL,
    entries INTEGER NOT NULL,   -- kept with every change: counting rows would read all of them
    bytes INTEGER NOT NULL,
    position INTEGER NOT NULL,  -- the last one given; none is given twice
    drawn INTEGER NOT NULL      -- the last one that a claim has come to; what lies behind it is fresh
  ) STRICT;
  INSERT INTO ours_outbox (version, entries, bytes, position, drawn) VALUES (${VERSION}, 0, 0, 0, 0);

  CREATE TABLE ours_entries (
    position INTEGER PRIMARY KEY,
    distinct_id TEXT NOT NULL UNIQUE,
    record TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    people TEXT,                -- of an identify: whose it is, as JSON
    appended_at INTEGER NOT NULL
  ) STRICT;

  -- How the entries stand that are not fresh. With a token: leased until then to the claim that has it. Without: to be had from
  -- then on, which is 0 for those that can be had, and nothing while they are behind an unsettled identify.
  CREATE TABLE ours_holds (
    position INTEGER PRIMARY KEY,
    until INTEGER,
    token TEXT,
    behind INTEGER
  ) STRICT;
  CREATE INDEX ours_holds_by_until ON ours_holds (until) WHERE until IS NOT NULL;
  CREATE INDEX ours_holds_by_lease ON ours_holds (until) WHERE token IS NOT NULL;
  CREATE INDEX ours_holds_by_identify ON ours_holds (behind) WHERE behind IS NOT NULL;

  -- Unsettled identifies by whose they are. Nearly always empty.
  CREATE TABLE ours_identifies (
    person TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (person, position)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX ours_identifies_by_position ON ours_identifies (position);

  CREATE TABLE ours_dead_letters (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    distinct_id TEXT NOT NULL UNIQUE,
    record TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    people TEXT,
    outcome TEXT NOT NULL,
    dead_at INTEGER NOT NULL
  ) STRICT;
`;

/** Identifies this file's contents, so that a client notices when another file has taken its place. */
const INCARNATION = `
  ALTER TABLE ours_outbox ADD COLUMN incarnation TEXT;
  UPDATE ours_outbox SET incarnation = lower(hex(randomblob(8)));
`;

/**
 * Makes the tables where there are none, and the column that files of earlier releases lack.
 *
 * @throws {SqliteOutboxError} for tables of another version
 */
export function prepareSchema(database: SqliteDatabase, name: string): void {
  const has = (column: string): boolean =>
    prepare(database, `SELECT 1 FROM pragma_table_info('ours_outbox') WHERE name = '${column}'`).all().length > 0;
  if (!has('incarnation')) {
    database.exec('BEGIN IMMEDIATE');
    try {
      // Another process may have been faster.
      if (!has('version')) database.exec(TABLES);
      if (!has('incarnation')) database.exec(INCARNATION);
      database.exec('COMMIT');
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  }
  const [row] = prepare(database, 'SELECT * FROM ours_outbox').all() as { readonly version?: number }[];
  if (row?.version === VERSION) return;
  throw new SqliteOutboxError(
    `${name} holds an outbox of version ${row?.version ?? 'unknown'}, and this package reads version ${VERSION}: deliver what is in it with the version that made it (\`npx ours-ingest@VERSION relay --sqlite FILE\`), or name another file.`,
    { isBroken: true },
  );
}
