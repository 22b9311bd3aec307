import { OursError } from '../../core/errors.js';
import type { Database } from '../../sqlite/database.js';

/** Increased with every change of the tables below or of the JSON in them. */
const VERSION = 3;

const TABLES = `
  -- All names of a visitor, who is identified by a number.
  CREATE TABLE names (name TEXT PRIMARY KEY, visitor INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX names_of_visitor ON names (visitor);

  CREATE TABLE events (
    number INTEGER PRIMARY KEY,          -- the order of arrival
    distinct_id TEXT,
    source TEXT NOT NULL,                -- a digest of its token
    event TEXT NOT NULL,
    time INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    visitor INTEGER NOT NULL,
    sid TEXT,
    witness TEXT,                        -- who saw the session at that time, or null
    refusal TEXT,                        -- the verdict of the ingest rules, null if accepted
    experiment TEXT,                     -- of an impression: the experiment's id
    variant TEXT,                        -- of an impression: the variant's id
    is_test INTEGER NOT NULL,
    repeats INTEGER NOT NULL DEFAULT 0,  -- how often it was sent again
    row TEXT NOT NULL,                   -- what was sent, as JSON
    UNIQUE (distinct_id, source)
  );
  -- A covering index for measuring.
  CREATE INDEX events_of_visitor ON events (visitor, time, sid, event, refusal);
  CREATE INDEX sightings ON events (visitor, witness, time, sid) WHERE witness IS NOT NULL;
  CREATE INDEX collisions ON events (number) WHERE refusal = 'duplicate_id';
  CREATE INDEX repeated ON events (repeats) WHERE repeats > 0;
  CREATE INDEX impressions_of_visitor ON events (visitor) WHERE experiment IS NOT NULL;
  CREATE INDEX impressions ON events (experiment) WHERE experiment IS NOT NULL;

  CREATE TABLE experiments (id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, definition TEXT NOT NULL);

  CREATE TABLE assignments (
    experiment TEXT NOT NULL,
    visitor_id TEXT NOT NULL,
    variant TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (experiment, visitor_id)
  ) WITHOUT ROWID;
  CREATE INDEX assignments_of_visitor ON assignments (visitor_id);
`;

/**
 * Creates the tables of a new database.
 *
 * @throws {OursError} `invalid_option` for a database of another version of this package
 */
export function ensureSchema(database: Database): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version === VERSION) return;
  if (version !== 0) {
    throw new OursError(
      'invalid_option',
      `the data file has format ${version}, but this version reads ${VERSION}: use another file, or delete it.`,
    );
  }
  database.exec(`BEGIN; ${TABLES} PRAGMA user_version = ${VERSION}; COMMIT`);
}
