import { OursError } from '../../core/errors.js';
import type { Database } from '../../sqlite/database.js';

/** Increased with every change of the tables below or of the JSON in them. */
const VERSION = 4;

const TABLES = `
  -- All names of a visitor, who is identified by a number.
  CREATE TABLE names (name TEXT PRIMARY KEY, visitor INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX names_of_visitor ON names (visitor);

  CREATE TABLE events (
    number INTEGER PRIMARY KEY,          -- the order of arrival
    distinct_id TEXT,
    source TEXT NOT NULL,                -- a digest of its token; what does not hold its id has a mark after it
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

/** Added in format 4: what measuring found, adjusted by the difference when events arrive. All of it follows from the tables above. */
const MEASURED = `
  -- A covering index for measuring.
  CREATE INDEX events_of_session ON events (visitor, sid, time, event, witness, refusal);

  -- One row: the number of the last measured event, and the experiments by which it was measured.
  CREATE TABLE progress (events INTEGER NOT NULL, definitions TEXT NOT NULL);
  INSERT INTO progress VALUES (0, '[]');
  -- Visitors to measure again, for example because two of them turned out to be one.
  CREATE TABLE stale (visitor INTEGER PRIMARY KEY);
  CREATE TABLE runs (
    experiment TEXT NOT NULL,
    run INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    PRIMARY KEY (experiment, run)
  ) WITHOUT ROWID;
  -- The events that convert the sessions of an experiment.
  CREATE TABLE metrics (
    event TEXT NOT NULL,
    experiment TEXT NOT NULL,
    asked INTEGER,                       -- for an event that is not a metric: its place in the order of first questions
    PRIMARY KEY (event, experiment)
  ) WITHOUT ROWID;

  -- Impressions without a session, and the sighting that decided which session each one joined.
  CREATE TABLE joined (
    impression INTEGER PRIMARY KEY,
    visitor INTEGER NOT NULL,
    time INTEGER NOT NULL,
    sid TEXT,                            -- null: no session was near
    seen_at INTEGER,
    witness TEXT
  );
  CREATE INDEX joined_of_visitor ON joined (visitor, time);
  -- The counted sessions. A session that was exposed in several runs has one row for each.
  CREATE TABLE exposures (
    visitor INTEGER NOT NULL,
    sid TEXT NOT NULL,                   -- empty: an impression that joined no session
    experiment TEXT NOT NULL,
    since INTEGER NOT NULL,
    impression INTEGER NOT NULL,         -- the number of the event
    until INTEGER NOT NULL,              -- the start of the session's next exposure
    run INTEGER NOT NULL,
    variant TEXT NOT NULL,
    PRIMARY KEY (visitor, sid, experiment, since, impression)
  ) WITHOUT ROWID;
  -- The first event of each metric in a counted session.
  CREATE TABLE conversions (
    visitor INTEGER NOT NULL,
    sid TEXT NOT NULL,
    experiment TEXT NOT NULL,
    event TEXT NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (visitor, sid, experiment, event)
  ) WITHOUT ROWID;
  -- Sessions by day: exposed ones under an empty event, converted ones under the event.
  CREATE TABLE counts (
    experiment TEXT NOT NULL,
    event TEXT NOT NULL,
    variant TEXT NOT NULL,
    day INTEGER NOT NULL,                -- since the epoch
    sessions INTEGER NOT NULL,
    PRIMARY KEY (experiment, event, variant, day)
  ) WITHOUT ROWID;
`;

/** Indexes of format 3 that no query uses any more. */
const OUTDATED = 'DROP INDEX events_of_visitor; DROP INDEX sightings;';

/**
 * Creates the tables of a new database. Adds to a file of format 3 what is new; its events are measured at the first question.
 *
 * @throws {OursError} `invalid_option` for a database of another version of this package
 */
export function ensureSchema(database: Database): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version === VERSION) return;
  if (version !== 0 && version !== 3) {
    throw new OursError(
      'invalid_option',
      `the data file has format ${version}, but this version reads ${VERSION}: use another file, or delete it.`,
    );
  }
  const changes = version === 0 ? TABLES : OUTDATED;
  database.exec(`BEGIN IMMEDIATE; ${changes} ${MEASURED} PRAGMA user_version = ${VERSION}; COMMIT`);
}
