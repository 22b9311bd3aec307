import type { SqliteDatabase } from '../../sqlite/database.js';
import { prepare } from './prepare.js';
import { SqliteOutboxError } from './sqlite-error.js';

/** The tables as they are made here; a file with another number was made by another version of this package. */
const VERSION = 2;

const TABLES = `
  CREATE TABLE ours_outbox (
    version INTEGER NOT NULL,
    entries INTEGER NOT NULL,   -- kept with every change: counting rows would read all of them
    bytes INTEGER NOT NULL,
    position INTEGER NOT NULL,  -- the last one given; none is given twice
    cursor INTEGER NOT NULL,    -- the last one that a claim has come to; what is behind it is fresh
    clock INTEGER NOT NULL,     -- when an entry was last claimed, by the clock of leases and delays
    incarnation TEXT NOT NULL   -- of this file's contents, so that a client notices when another file takes its place
  ) STRICT;
  INSERT INTO ours_outbox VALUES (${VERSION}, 0, 0, 0, 0, 0, lower(hex(randomblob(8))));

  CREATE TABLE ours_entries (
    position INTEGER PRIMARY KEY,
    distinct_id TEXT NOT NULL UNIQUE,
    record TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    people TEXT,                -- of an identify: whose it is, as JSON
    appended_at INTEGER NOT NULL
  ) STRICT;

  -- How the entries stand that are not fresh. With a token: leased until then to the claim that has it. Without: to be had from
  -- then on, which is 0 for those that can be had, and nothing while they are behind an unsettled identify. Times are of a clock
  -- that all processes of the machine share and that is never set: how long the machine has been up.
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

/**
 * From version 1, whose leases and delays went by the wall clock: they end here. The new name of the cursor stops processes that
 * still run version 1, which would write times of the wall clock.
 */
const FROM_VERSION_1 = `
  ALTER TABLE ours_outbox RENAME COLUMN drawn TO cursor;
  ALTER TABLE ours_outbox ADD COLUMN clock INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE ours_outbox ADD COLUMN incarnation TEXT NOT NULL DEFAULT '';
  UPDATE ours_outbox SET version = ${VERSION}, incarnation = lower(hex(randomblob(8)));
  UPDATE ours_holds SET until = 0, token = NULL WHERE until > 0;
`;

/**
 * Makes the tables where there are none, and brings those of an earlier version up to date.
 *
 * @throws {SqliteOutboxError} for tables of another version
 */
export function prepareSchema(database: SqliteDatabase, name: string): void {
  if (readVersion(database) !== VERSION) upgrade(database);
  const version = readVersion(database);
  if (version === VERSION) return;
  throw new SqliteOutboxError(
    `${name} holds an outbox of version ${version ?? 'unknown'}, and this package reads version ${VERSION}: deliver what is in it with the version that made it (\`npx ours-ingest@VERSION relay --sqlite FILE\`), or name another file.`,
    { isBroken: true },
  );
}

function upgrade(database: SqliteDatabase): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have been faster.
    const version = readVersion(database);
    if (version === undefined) database.exec(TABLES);
    if (version === 1) database.exec(FROM_VERSION_1);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

/** `undefined` where there are no tables, `null` where they are not this package's. */
function readVersion(database: SqliteDatabase): number | null | undefined {
  const tables = prepare(database, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'ours_outbox'").all();
  if (tables.length === 0) return undefined;
  const [row] = prepare(database, 'SELECT * FROM ours_outbox').all() as { readonly version?: number }[];
  return row?.version ?? null;
}
