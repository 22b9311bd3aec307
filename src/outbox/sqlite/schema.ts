import { type SqliteDatabase, transact } from '../../sqlite/database.js';
import { prepare } from './prepare.js';
import { SqliteError } from './sqlite-error.js';

/** The version of the tables; a file with another number was created by another version of this package. */
const VERSION = 2;

const TABLES = `
  CREATE TABLE ours_outbox (
    version INTEGER NOT NULL,
    entries INTEGER NOT NULL,   -- updated with every change, because counting reads every row
    bytes INTEGER NOT NULL,
    position INTEGER NOT NULL,  -- the last one assigned; none is assigned twice
    cursor INTEGER NOT NULL,    -- the last one that a claim has reached; entries after it are fresh
    clock INTEGER NOT NULL,     -- the time of the last claim, by the clock of leases and delays
    incarnation TEXT NOT NULL   -- of the file's contents, so that clients detect a replaced file
  ) STRICT;
  INSERT INTO ours_outbox VALUES (${VERSION}, 0, 0, 0, 0, 0, lower(hex(randomblob(8))));

  CREATE TABLE ours_entries (
    position INTEGER PRIMARY KEY,
    distinct_id TEXT NOT NULL UNIQUE,
    record TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    people TEXT,                -- of an identify: its person's names, as JSON
    appended_at INTEGER NOT NULL
  ) STRICT;

  -- The state of entries that are not fresh. With a token: leased to that claim until the time in until. Without: claimable from
  -- that time, 0 if at once, NULL while behind an unsettled identify. Times use the machine's uptime, a clock that all its
  -- processes share and that is never set.
  CREATE TABLE ours_holds (
    position INTEGER PRIMARY KEY,
    until INTEGER,
    token TEXT,
    behind INTEGER
  ) STRICT;
  CREATE INDEX ours_holds_by_until ON ours_holds (until) WHERE until IS NOT NULL;
  CREATE INDEX ours_holds_by_lease ON ours_holds (until) WHERE token IS NOT NULL;
  CREATE INDEX ours_holds_by_identify ON ours_holds (behind) WHERE behind IS NOT NULL;

  -- Unsettled identifies by person. Nearly always empty.
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
 * From version 1, whose leases and delays used the wall clock: they expire here. The new name of the cursor stops processes that
 * still run version 1, which would write wall-clock times.
 */
const FROM_VERSION_1 = `
  ALTER TABLE ours_outbox RENAME COLUMN drawn TO cursor;
  ALTER TABLE ours_outbox ADD COLUMN clock INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE ours_outbox ADD COLUMN incarnation TEXT NOT NULL DEFAULT '';
  UPDATE ours_outbox SET version = ${VERSION}, incarnation = lower(hex(randomblob(8)));
  UPDATE ours_holds SET until = 0, token = NULL WHERE until > 0;
`;

/**
 * Creates the tables, or upgrades those of an earlier version.
 *
 * @throws {SqliteError} for tables of another version
 */
export function prepareSchema(database: SqliteDatabase, name: string): void {
  if (readVersion(database) !== VERSION) upgrade(database);
  const version = readVersion(database);
  if (version === VERSION) return;
  throw new SqliteError(
    `${name} holds an outbox of version ${version ?? 'unknown'}, and this package reads version ${VERSION}: deliver what is in it with the version that made it (\`npx ours-ingest@VERSION relay --sqlite FILE\`), or name another file.`,
    { isBroken: true },
  );
}

function upgrade(database: SqliteDatabase): void {
  transact(database, () => {
    // Another process may have upgraded it.
    const version = readVersion(database);
    if (version === undefined) database.exec(TABLES);
    if (version === 1) database.exec(FROM_VERSION_1);
  });
}

/** `undefined` without tables, `null` if they are not this package's. */
function readVersion(database: SqliteDatabase): number | null | undefined {
  const tables = prepare(database, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'ours_outbox'").all();
  if (tables.length === 0) return undefined;
  const [row] = prepare(database, 'SELECT * FROM ours_outbox').all() as { readonly version?: number }[];
  return row?.version ?? null;
}
