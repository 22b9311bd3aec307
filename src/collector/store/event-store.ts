import type { WireTrack } from '../../protocol/wire.js';
import type { Database } from '../../sqlite/database.js';
import { type FindExperiment, shownOf, toLogEntry } from '../ingest/to-log-entry.js';
import type { Door } from '../measuring/door.js';
import { witnessOf } from '../measuring/sessions.js';
import { createVisitors } from './visitors.js';

/** A row as it came. */
export interface ArrivedRow extends WireTrack {
  /** Whether it came by `/ingest`, from the visitor's browser. @default false */
  readonly byBrowser?: boolean;
}

/** A row as the collector keeps it: what was sent, when it happened and when it came. */
export interface CollectedEvent extends ArrivedRow {
  /** Milliseconds since the epoch; the time of receipt when the sender named none. */
  readonly time: number;
  /** Milliseconds since the epoch by the collector's clock. */
  readonly receivedAt: number;
}

/** What became of a row that reached the collector. */
export type Arrival =
  | {
      readonly kind: 'accepted';
      readonly event: CollectedEvent;
      /** Its place in the order of arrival, from 1. */
      readonly number: number;
    }
  | {
      readonly kind: 'duplicate';
      readonly event: CollectedEvent;
      /** Its place where it is kept for show: another source used its `distinctId` first. It counts for nothing. */
      readonly number?: number | undefined;
    }
  /** Never stored; the message names the field and never a value. */
  | { readonly kind: 'refused'; readonly message: string; readonly receivedAt: number };

/** Where a row came from. */
export interface RowSource {
  /** Tells tokens apart without keeping them. */
  readonly source: string;
  readonly isTest: boolean;
}

/** The log: every accepted row in the order of arrival, each `distinctId` once. */
export interface EventStore {
  /**
   * Takes a row, unless one of its `distinctId` is there already: the first wins. The first of another source under that id is
   * kept all the same, as refused, to show that somebody else used the id.
   */
  append(row: ArrivedRow, receivedAt: number, from: RowSource): Arrival;
  /** Forgets every row and every visitor. Numbers start again at 1. */
  clear(): void;
  /** Runs `work` so that all it appends is kept or nothing; faster than one by one. */
  together<Result>(work: () => Result): Result;
}

export interface EventStoreOptions {
  readonly database: Database;
  readonly door: Door;
  readonly findExperiment: FindExperiment;
}

/** An {@link EventStore} in a database. That a source's `distinctId` is there once is the database's own constraint. */
export function createEventStore({ database, door, findExperiment }: EventStoreOptions): EventStore {
  const visitors = createVisitors(database);
  const insert = database.prepare(
    `INSERT INTO events
       (distinct_id, source, event, time, received_at, visitor, sid, witness, refusal, experiment, variant, is_test, row)
     VALUES (?, ?, ?, ?, ?, (SELECT visitor FROM names WHERE name = ?), ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (distinct_id, source) DO NOTHING`,
  );
  const repeat = database.prepare('UPDATE events SET repeats = repeats + 1 WHERE distinct_id = ? AND source = ?');
  const holder = database.prepare('SELECT 1 FROM events WHERE distinct_id = ? AND source <> ? LIMIT 1');

  return {
    append(row, receivedAt, { source, isTest }) {
      const event: CollectedEvent = { ...row, time: row.time ?? receivedAt, receivedAt };
      const entry = toLogEntry(event, findExperiment);
      const isTaken = row.distinctId !== undefined && holder.get(row.distinctId, source) !== undefined;
      const refusal = isTaken ? 'duplicate_id' : door(entry, receivedAt);
      const shown = shownOf(event, findExperiment);
      visitors.meet(entry.visitors[0]);
      const { changes, lastInsertRowid } = insert.run(
        row.distinctId ?? null,
        source,
        row.event,
        event.time,
        receivedAt,
        entry.visitors[0],
        entry.sid ?? null,
        (refusal === undefined && witnessOf(entry)) || null,
        refusal ?? null,
        shown?.experiment.id ?? null,
        shown?.variant.id ?? null,
        Number(isTest),
        JSON.stringify(row),
      );
      if (Number(changes) === 0) {
        repeat.run(row.distinctId!, source);
        return { kind: 'duplicate', event };
      }
      if (isTaken) return { kind: 'duplicate', event, number: Number(lastInsertRowid) };
      // Only now, and only of what was let in: a row that changes nothing tells nothing of who is who.
      if (refusal === undefined) visitors.join(entry.visitors);
      return { kind: 'accepted', event, number: Number(lastInsertRowid) };
    },

    clear() {
      database.exec('BEGIN IMMEDIATE; DELETE FROM events; DELETE FROM names; COMMIT');
    },

    together(work) {
      database.exec('BEGIN IMMEDIATE');
      try {
        visitors.catchUp();
        const result = work();
        database.exec('COMMIT');
        return result;
      } catch (error) {
        database.exec('ROLLBACK');
        throw error;
      }
    },
  };
}
