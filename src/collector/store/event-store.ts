import { type Database, transact } from '../../sqlite/database.js';
import type { IngestRules } from '../measuring/ingest-rules.js';
import { witnessOf } from '../measuring/sessions.js';
import type { Arrival, ArrivedRow, CollectedEvent } from './collected-event.js';
import type { Measurements } from './measured/measurements.js';
import { type FindExperiment, shownOf, toLogEntry } from './to-log-entry.js';
import { createVisitors } from './visitors.js';

/** Where a row came from. */
export interface RowSource {
  /** A digest of the token, so that tokens are told apart but not stored. */
  readonly source: string;
  readonly isTest: boolean;
}

/** The log: every accepted row in the order of arrival, each `distinctId` once. */
export interface EventStore {
  /**
   * Stores a row unless its `distinctId` is stored already: the first one wins. The first row of another source with that id
   * is stored as refused, to show that another source used the id.
   */
  append(row: ArrivedRow, receivedAt: number, from: RowSource): Arrival;
  /** Deletes every row and every visitor. Numbers start again at 1. */
  clear(): void;
  /** Runs `work` in one transaction, which is also faster than one transaction for each row. */
  together<Result>(work: () => Result): Result;
}

export interface EventStoreOptions {
  readonly database: Database;
  readonly ingestRules: IngestRules;
  readonly findExperiment: FindExperiment;
  readonly measurements: Pick<Measurements, 'catchUpWithin' | 'markStale' | 'clear'>;
}

// Events are measured along with their arrival, so that the first question need not wait for many of them. In groups, because a
// visitor's events often come together.
const MEASURE_EVERY = 1_000;

/** An {@link EventStore} in a database. A unique constraint of the database keeps each `distinctId` of a source once. */
export function createEventStore(options: EventStoreOptions): EventStore {
  const { database, ingestRules, findExperiment, measurements } = options;
  const visitors = createVisitors(database, measurements.markStale);
  const insert = database.prepare(
    `INSERT INTO events
       (distinct_id, source, event, time, received_at, visitor, sid, witness, refusal, experiment, variant, is_test, row)
     SELECT ?, ?, ?, ?, ?, visitor, ?, ?, ?, ?, ?, ?, ? FROM names WHERE name = ?
     ON CONFLICT (distinct_id, source) DO NOTHING`,
  );
  const repeat = database.prepare('UPDATE events SET repeats = repeats + 1 WHERE distinct_id = ? AND source = ?');
  const holder = database.prepare('SELECT 1 FROM events WHERE distinct_id = ? AND source <> ? LIMIT 1');

  let unmeasured = 0;

  return {
    append(row, receivedAt, { source, isTest }) {
      const event: CollectedEvent = { ...row, time: row.time ?? receivedAt, receivedAt };
      const entry = toLogEntry(event, findExperiment);
      const isTaken = row.distinctId !== undefined && holder.get(row.distinctId, source) !== undefined;
      const refusal = isTaken ? 'duplicate_id' : ingestRules(entry, receivedAt);
      const shown = shownOf(event, findExperiment);
      // SQLite's drivers cut strings at a NUL, and two sessions could look like one.
      const sid = entry.sid?.replaceAll('\0', '\ufffd') ?? null;
      const tryInsert = () =>
        insert.run(
          row.distinctId ?? null,
          source,
          row.event,
          event.time,
          receivedAt,
          sid,
          (refusal === undefined && witnessOf(entry)) || null,
          refusal ?? null,
          shown?.experiment.id ?? null,
          shown?.variant.id ?? null,
          Number(isTest),
          JSON.stringify(row),
          entry.visitors[0],
        );
      let { changes, lastInsertRowid } = tryInsert();
      // Most visitors are known, so their names are added only after a row found none.
      if (Number(changes) === 0 && visitors.ensure(entry.visitors[0])) ({ changes, lastInsertRowid } = tryInsert());
      if (Number(changes) === 0) {
        repeat.run(row.distinctId!, source);
        return { kind: 'duplicate', event };
      }
      unmeasured += 1;
      if (isTaken) return { kind: 'duplicate', event, number: Number(lastInsertRowid) };
      // Only for accepted rows: a refused or repeated row must not link visitors.
      if (refusal === undefined) visitors.join(entry.visitors);
      return { kind: 'accepted', event, number: Number(lastInsertRowid) };
    },

    clear() {
      transact(database, () => {
        database.exec('DELETE FROM events; DELETE FROM names');
        measurements.clear();
      });
    },

    together(work) {
      return transact(database, () => {
        visitors.catchUp();
        const result = work();
        if (unmeasured >= MEASURE_EVERY) {
          measurements.catchUpWithin();
          unmeasured = 0;
        }
        return result;
      });
    },
  };
}
