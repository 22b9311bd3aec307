import type { SqliteDatabase, SqlValue, Statement } from '../../sqlite/database.js';
import { SEALED_PREFIX } from '../durable/sealing.js';
import { prepare } from './prepare.js';

/** A statement whose rows are known. */
export interface Query<Row> {
  all(...values: SqlValue[]): Row[];
}

export interface TotalsRow {
  readonly entries: number;
  readonly bytes: number;
  readonly position: number;
  /** The last position that a claim has come to. */
  readonly cursor: number;
  /** When an entry was last claimed, by the clock of leases and delays. */
  readonly clock: number;
  readonly incarnation: string;
}

/** Where an entry lies, and how large it is. */
export interface Place {
  readonly position: number;
  readonly bytes: number;
}

export interface EntryRow extends Place {
  readonly distinct_id: string;
  readonly record: string;
}

export interface LetterRow {
  readonly distinct_id: string;
  readonly record: string;
  readonly outcome: string;
  readonly dead_at: number;
}

/** All there is to an entry. */
export interface WholeEntryRow extends EntryRow {
  readonly people: string | null;
  readonly appended_at: number;
  readonly until: number;
  readonly token: string | null;
}

/** All there is to a dead letter. */
export interface WholeLetterRow extends LetterRow {
  readonly number: number;
  readonly bytes: number;
  readonly people: string | null;
}

/** Positions as one JSON parameter: a statement for all of them costs less than one for each. */
const POSITIONS = 'json_each(?)';

/** Everything the outbox says to its file. */
export interface Statements {
  readonly begin: Statement;
  readonly commit: Statement;
  readonly rollback: Statement;
  readonly totals: Query<TotalsRow>;
  readonly addToTotals: Statement;
  readonly insert: Statement;
  readonly insertIdentify: Statement;
  readonly hasIdentifies: Query<unknown>;
  readonly identifiesBefore: Query<{ readonly position: number }>;
  /** Ends leases and delays that are over at a time; some of them, should there be very many. */
  readonly lapse: Statement;
  /** Ends all leases and delays. */
  readonly lapseAll: Statement;
  /** What can be had again. */
  readonly ready: Query<Place>;
  /** What lies behind a position. */
  readonly fresh: Query<Place>;
  readonly records: Query<EntryRow>;
  /** Moves the cursor and the clock. */
  readonly advance: Statement;
  readonly hold: Statement;
  /** Of the positions, those the token still holds. */
  readonly heldBy: Query<{ readonly position: number }>;
  readonly delay: Statement;
  readonly claimed: Query<{ readonly count: number }>;
  readonly remove: Statement;
  readonly removeHolds: Statement;
  readonly removeIdentifies: Statement;
  /** Lets go on what was behind these. */
  readonly free: Statement;
  readonly oldest: Query<{ readonly position: number; readonly appended_at: number }>;
  readonly find: Query<unknown>;
  readonly findLetter: Query<LetterRow>;
  /** When, and the places with their outcomes: `[position, outcome][]`. */
  readonly bury: Statement;
  readonly countUnsealed: Query<{ readonly count: number }>;
  readonly countLetters: Query<{ readonly count: number }>;
  readonly listLetters: Query<LetterRow>;
  /** A letter back among the entries, unless its id is inside. */
  readonly raise: Statement;
  readonly raiseIdentify: Statement;
  readonly bytesAt: Query<{ readonly bytes: number }>;
  readonly discard: Statement;

  /** Entries behind a position, and dead letters behind a number, as they are moved to another file. */
  readonly wholeEntries: Query<WholeEntryRow>;
  readonly wholeLetters: Query<WholeLetterRow>;
  /** Of the positions, the entries that are there, and until when they are claimed. */
  readonly places: Query<EntryRow & { readonly claimedUntil: number }>;
  /** Takes over the identity of another file. */
  readonly adopt: Statement;
  /** Gives a row of its own to what is fresh. */
  readonly holdFresh: Statement;
  readonly holdAs: Statement;
  readonly putLetter: Statement;
  readonly clear: readonly Statement[];
}

export function prepareStatements(database: SqliteDatabase): Statements {
  const command = (sql: string): Statement => prepare(database, sql);
  const query = <Row>(sql: string): Query<Row> => prepare(database, sql) as unknown as Query<Row>;
  return {
    // At once for writing: a transaction that begins by reading cannot wait for its turn to write.
    begin: command('BEGIN IMMEDIATE'),
    commit: command('COMMIT'),
    rollback: command('ROLLBACK'),

    totals: query('SELECT entries, bytes, position, cursor, clock, incarnation FROM ours_outbox'),
    addToTotals: command(
      'UPDATE ours_outbox SET entries = entries + ?, bytes = bytes + ?, position = max(position, ?)',
    ),

    insert: command(`
      INSERT INTO ours_entries (position, distinct_id, record, bytes, people, appended_at) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (distinct_id) DO NOTHING`),
    insertIdentify: command('INSERT OR IGNORE INTO ours_identifies (person, position) VALUES (?, ?)'),

    hasIdentifies: query('SELECT 1 FROM ours_identifies LIMIT 1'),
    identifiesBefore: query('SELECT position FROM ours_identifies WHERE person = ? AND position < ?'),
    lapse: command(`
      UPDATE ours_holds SET until = 0, token = NULL
      WHERE position IN (SELECT position FROM ours_holds WHERE until > 0 AND until <= ? LIMIT 1000)`),
    lapseAll: command('UPDATE ours_holds SET until = 0, token = NULL WHERE until > 0'),
    ready: query(`
      SELECT position, bytes FROM ours_holds JOIN ours_entries USING (position)
      WHERE until = 0 ORDER BY position LIMIT ?`),
    fresh: query('SELECT position, bytes FROM ours_entries WHERE position > ? ORDER BY position LIMIT ?'),
    records: query(`
      SELECT position, bytes, distinct_id, record FROM ours_entries
      WHERE position IN (SELECT value FROM ${POSITIONS}) ORDER BY position`),
    advance: command('UPDATE ours_outbox SET cursor = max(cursor, ?), clock = ?'),
    hold: command(`
      INSERT OR REPLACE INTO ours_holds (position, until, token, behind) SELECT value, ?, ?, ? FROM ${POSITIONS}`),
    heldBy: query(`SELECT position FROM ours_holds WHERE token = ? AND position IN (SELECT value FROM ${POSITIONS})`),
    delay: command(
      `UPDATE ours_holds SET until = ?, token = NULL WHERE token = ? AND position IN (SELECT value FROM ${POSITIONS})`,
    ),
    claimed: query('SELECT count(*) AS count FROM ours_holds WHERE token IS NOT NULL AND until > ?'),

    remove: command(`DELETE FROM ours_entries WHERE position IN (SELECT value FROM ${POSITIONS})`),
    removeHolds: command(`DELETE FROM ours_holds WHERE position IN (SELECT value FROM ${POSITIONS})`),
    removeIdentifies: command(`DELETE FROM ours_identifies WHERE position IN (SELECT value FROM ${POSITIONS})`),
    free: command(`UPDATE ours_holds SET until = 0, behind = NULL WHERE behind IN (SELECT value FROM ${POSITIONS})`),

    oldest: query('SELECT position, appended_at FROM ours_entries ORDER BY position LIMIT 1'),
    find: query('SELECT 1 FROM ours_entries WHERE distinct_id = ?'),
    findLetter: query('SELECT * FROM ours_dead_letters WHERE distinct_id = ?'),

    bury: command(`
      INSERT OR REPLACE INTO ours_dead_letters (distinct_id, record, bytes, people, outcome, dead_at)
      SELECT distinct_id, record, bytes, NULL, json_extract(value, '$[1]'), ?
      FROM ${POSITIONS} JOIN ours_entries ON position = json_extract(value, '$[0]') ORDER BY position`),
    countUnsealed: query(
      `SELECT count(*) AS count FROM ours_entries WHERE substr(record, 1, ${SEALED_PREFIX.length}) <> '${SEALED_PREFIX}'`,
    ),
    countLetters: query('SELECT count(*) AS count FROM ours_dead_letters'),
    listLetters: query('SELECT * FROM ours_dead_letters ORDER BY number LIMIT ? OFFSET ?'),
    raise: command(`
      INSERT INTO ours_entries (position, distinct_id, record, bytes, people, appended_at)
      SELECT ?, distinct_id, record, bytes, ?, ? FROM ours_dead_letters WHERE distinct_id = ?
      ON CONFLICT (distinct_id) DO NOTHING`),
    raiseIdentify: command(`
      INSERT OR IGNORE INTO ours_identifies (person, position)
      SELECT value, position FROM ours_entries, json_each(people) WHERE position = ? AND people IS NOT NULL`),
    bytesAt: query('SELECT bytes FROM ours_entries WHERE position = ?'),
    discard: command('DELETE FROM ours_dead_letters WHERE distinct_id = ?'),

    wholeEntries: query(`
      SELECT position, distinct_id, record, bytes, people, appended_at, coalesce(until, 0) AS until, token
      FROM ours_entries LEFT JOIN ours_holds USING (position) WHERE position > ? ORDER BY position LIMIT ?`),
    wholeLetters: query('SELECT * FROM ours_dead_letters WHERE number > ? ORDER BY number LIMIT ?'),
    places: query(`
      SELECT position, bytes, distinct_id, record, CASE WHEN token IS NULL THEN 0 ELSE until END AS claimedUntil
      FROM ours_entries LEFT JOIN ours_holds USING (position)
      WHERE position IN (SELECT value FROM ${POSITIONS}) ORDER BY position`),
    adopt: command('UPDATE ours_outbox SET incarnation = ?'),
    holdFresh: command(`
      INSERT OR IGNORE INTO ours_holds (position, until)
      SELECT position, 0 FROM ours_entries WHERE position > (SELECT cursor FROM ours_outbox)`),
    holdAs: command('INSERT OR REPLACE INTO ours_holds (position, until, token) VALUES (?, ?, ?)'),
    putLetter: command(`
      INSERT OR REPLACE INTO ours_dead_letters (distinct_id, record, bytes, people, outcome, dead_at)
      VALUES (?, ?, ?, ?, ?, ?)`),
    clear: [
      command('DELETE FROM ours_entries'),
      command('DELETE FROM ours_holds'),
      command('DELETE FROM ours_identifies'),
      command('DELETE FROM ours_dead_letters'),
      command('UPDATE ours_outbox SET entries = 0, bytes = 0'),
    ],
  };
}
