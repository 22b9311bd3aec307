import type { SqliteDatabase, SqlValue, Statement } from '../../sqlite/database.js';
import { SEALED_PREFIX } from '../durable/sealing.js';
import { prepare } from './prepare.js';

/** A statement with typed rows. */
export interface Query<Row> {
  all(...values: SqlValue[]): Row[];
}

export interface TotalsRow {
  readonly entries: number;
  readonly bytes: number;
  readonly position: number;
  /** The last position that a claim has reached. */
  readonly cursor: number;
  /** The time of the last claim, by the clock of leases and delays. */
  readonly clock: number;
  readonly incarnation: string;
}

/** An entry's position and size. */
export interface Place {
  readonly position: number;
  readonly bytes: number;
}

export interface EntryRow extends Place {
  readonly distinct_id: string;
  readonly record: string;
}

export interface DeadLetterRow {
  readonly distinct_id: string;
  readonly record: string;
  readonly outcome: string;
  readonly dead_at: number;
}

/** A complete entry. */
export interface WholeEntryRow extends EntryRow {
  readonly people: string | null;
  readonly appended_at: number;
  readonly until: number;
  readonly token: string | null;
}

/** A complete dead letter. */
export interface WholeDeadLetterRow extends DeadLetterRow {
  readonly number: number;
  readonly bytes: number;
  readonly people: string | null;
}

/** Positions as one JSON parameter: one statement for all of them is cheaper than one each. */
const POSITIONS = 'json_each(?)';

/** The outbox's statements. */
export interface Statements {
  readonly begin: Statement;
  readonly commit: Statement;
  readonly rollback: Statement;
  readonly totals: Query<TotalsRow>;
  readonly addToTotals: Statement;
  readonly insert: Statement;
  readonly insertIdentify: Statement;
  readonly hasIdentifies: Query<unknown>;
  readonly lastIdentifyBefore: Query<{ readonly position: number }>;
  /** Expires leases and delays that end by a time, at most a thousand. */
  readonly expireHolds: Statement;
  /** Expires all leases and delays. */
  readonly expireAllHolds: Statement;
  /** Entries that can be claimed again. */
  readonly ready: Query<Place>;
  /** Entries after a position. */
  readonly fresh: Query<Place>;
  readonly records: Query<EntryRow>;
  /** Moves the cursor forward and sets the clock. */
  readonly advanceCursor: Statement;
  readonly hold: Statement;
  /** The positions that the token still holds. */
  readonly heldBy: Query<{ readonly position: number }>;
  readonly delay: Statement;
  readonly claimed: Query<{ readonly count: number }>;
  readonly remove: Statement;
  readonly removeHolds: Statement;
  readonly removeIdentifies: Statement;
  /** The positions of identifies whose entries are gone, among the first thousand. */
  readonly orphans: Query<{ readonly position: number }>;
  /** Requeues the entries behind these. */
  readonly requeueBehind: Statement;
  readonly oldest: Query<{ readonly position: number; readonly appended_at: number }>;
  readonly find: Query<unknown>;
  readonly findDeadLetter: Query<DeadLetterRow>;
  /** The time, and the positions with their outcomes: `[position, outcome][]`. */
  readonly deadLetter: Statement;
  readonly countUnsealed: Query<{ readonly count: number }>;
  readonly countDeadLetters: Query<{ readonly count: number }>;
  readonly listDeadLetters: Query<DeadLetterRow>;
  /** Moves a dead letter back to the entries, unless its id is inside. */
  readonly requeue: Statement;
  readonly requeueIdentify: Statement;
  readonly bytesAt: Query<{ readonly bytes: number }>;
  readonly discard: Statement;

  /** Entries after a position, and dead letters after a number, complete for moving to another file. */
  readonly wholeEntries: Query<WholeEntryRow>;
  readonly wholeDeadLetters: Query<WholeDeadLetterRow>;
  /** The entries at the positions, and when their leases expire. */
  readonly places: Query<EntryRow & { readonly claimedUntil: number }>;
  /** Takes over the incarnation of another file. */
  readonly adopt: Statement;
  /** Adds a hold row for each fresh entry. */
  readonly holdFresh: Statement;
  readonly holdAs: Statement;
  readonly putDeadLetter: Statement;
  readonly clear: readonly Statement[];
}

export function prepareStatements(database: SqliteDatabase): Statements {
  const command = (sql: string): Statement => prepare(database, sql);
  const query = <Row>(sql: string): Query<Row> => prepare(database, sql) as unknown as Query<Row>;
  return {
    // IMMEDIATE: a transaction that begins with a read cannot wait for the write lock.
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
    lastIdentifyBefore: query(`
      SELECT position FROM ours_identifies WHERE person = ? AND position < ? ORDER BY position DESC LIMIT 1`),
    expireHolds: command(`
      UPDATE ours_holds SET until = 0, token = NULL
      WHERE position IN (SELECT position FROM ours_holds WHERE until > 0 AND until <= ? LIMIT 1000)`),
    expireAllHolds: command('UPDATE ours_holds SET until = 0, token = NULL WHERE until > 0'),
    ready: query(`
      SELECT position, bytes FROM ours_holds JOIN ours_entries USING (position)
      WHERE until = 0 ORDER BY position LIMIT ?`),
    fresh: query('SELECT position, bytes FROM ours_entries WHERE position > ? ORDER BY position LIMIT ?'),
    records: query(`
      SELECT position, bytes, distinct_id, record FROM ours_entries
      WHERE position IN (SELECT value FROM ${POSITIONS}) ORDER BY position`),
    advanceCursor: command('UPDATE ours_outbox SET cursor = max(cursor, ?), clock = ?'),
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
    orphans: query(`
      SELECT DISTINCT position FROM (SELECT position FROM ours_identifies ORDER BY position LIMIT 1000) swept
      WHERE NOT EXISTS (SELECT 1 FROM ours_entries e WHERE e.position = swept.position)`),
    requeueBehind: command(
      `UPDATE ours_holds SET until = 0, behind = NULL WHERE behind IN (SELECT value FROM ${POSITIONS})`,
    ),

    oldest: query('SELECT position, appended_at FROM ours_entries ORDER BY position LIMIT 1'),
    find: query('SELECT 1 FROM ours_entries WHERE distinct_id = ?'),
    findDeadLetter: query('SELECT * FROM ours_dead_letters WHERE distinct_id = ?'),

    deadLetter: command(`
      INSERT OR REPLACE INTO ours_dead_letters (distinct_id, record, bytes, people, outcome, dead_at)
      SELECT distinct_id, record, bytes, NULL, json_extract(value, '$[1]'), ?
      FROM ${POSITIONS} JOIN ours_entries ON position = json_extract(value, '$[0]') ORDER BY position`),
    countUnsealed: query(
      `SELECT count(*) AS count FROM ours_entries WHERE substr(record, 1, ${SEALED_PREFIX.length}) <> '${SEALED_PREFIX}'`,
    ),
    countDeadLetters: query('SELECT count(*) AS count FROM ours_dead_letters'),
    listDeadLetters: query('SELECT * FROM ours_dead_letters ORDER BY number LIMIT ? OFFSET ?'),
    requeue: command(`
      INSERT INTO ours_entries (position, distinct_id, record, bytes, people, appended_at)
      SELECT ?, distinct_id, record, bytes, ?, ? FROM ours_dead_letters WHERE distinct_id = ?
      ON CONFLICT (distinct_id) DO NOTHING`),
    requeueIdentify: command(`
      INSERT OR IGNORE INTO ours_identifies (person, position)
      SELECT value, position FROM ours_entries, json_each(people) WHERE position = ? AND people IS NOT NULL`),
    bytesAt: query('SELECT bytes FROM ours_entries WHERE position = ?'),
    discard: command('DELETE FROM ours_dead_letters WHERE distinct_id = ?'),

    wholeEntries: query(`
      SELECT position, distinct_id, record, bytes, people, appended_at, coalesce(until, 0) AS until, token
      FROM ours_entries LEFT JOIN ours_holds USING (position) WHERE position > ? ORDER BY position LIMIT ?`),
    wholeDeadLetters: query('SELECT * FROM ours_dead_letters WHERE number > ? ORDER BY number LIMIT ?'),
    places: query(`
      SELECT position, bytes, distinct_id, record, CASE WHEN token IS NULL THEN 0 ELSE until END AS claimedUntil
      FROM ours_entries LEFT JOIN ours_holds USING (position)
      WHERE position IN (SELECT value FROM ${POSITIONS}) ORDER BY position`),
    adopt: command('UPDATE ours_outbox SET incarnation = ?'),
    holdFresh: command(`
      INSERT OR IGNORE INTO ours_holds (position, until)
      SELECT position, 0 FROM ours_entries WHERE position > (SELECT cursor FROM ours_outbox)`),
    holdAs: command('INSERT OR REPLACE INTO ours_holds (position, until, token) VALUES (?, ?, ?)'),
    putDeadLetter: command(`
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
