import type { Database, SqlValue } from '../../sqlite/database.js';

/** The values of a new row of `events`. */
export interface NewEvent {
  readonly distinctId: string | null;
  readonly source: string;
  readonly event: string;
  readonly time: number;
  readonly receivedAt: number;
  /** A name of the visitor, which must have a number. */
  readonly visitor: string;
  readonly sid: string | null;
  readonly witness: string | null;
  readonly refusal: string | null;
  readonly experiment: string | null;
  readonly variant: string | null;
  readonly isTest: boolean;
  readonly row: string;
}

// Calling a driver costs as much as storing a row, so one call stores several. More than this saves nothing.
const ROWS_AT_ONCE = 20;

const COLUMNS =
  'distinct_id, source, event, time, received_at, visitor, sid, witness, refusal, experiment, variant, is_test, row';
const VALUES = '(?, ?, ?, ?, ?, (SELECT visitor FROM names WHERE name = ?), ?, ?, ?, ?, ?, ?, ?)';

/** Returns a function that inserts events, which get the next numbers in their order. */
export function createInsertEvents(database: Database): (events: readonly NewEvent[]) => void {
  const insertInto = (rows: number) =>
    database.prepare(`INSERT INTO events (${COLUMNS}) VALUES ${Array(rows).fill(VALUES).join()}`);
  const insertOne = insertInto(1);
  const insertSome = insertInto(ROWS_AT_ONCE);
  return (events) => {
    const whole = events.length - (events.length % ROWS_AT_ONCE);
    for (let from = 0; from < whole; from += ROWS_AT_ONCE) {
      const values: SqlValue[] = [];
      for (let place = from; place < from + ROWS_AT_ONCE; place++) pushValues(values, events[place]!);
      insertSome.run(...values);
    }
    for (let place = whole; place < events.length; place++) insertOne.run(...pushValues([], events[place]!));
  };
}

function pushValues(values: SqlValue[], event: NewEvent): SqlValue[] {
  values.push(
    event.distinctId,
    event.source,
    event.event,
    event.time,
    event.receivedAt,
    event.visitor,
    event.sid,
    event.witness,
    event.refusal,
    event.experiment,
    event.variant,
    Number(event.isTest),
    event.row,
  );
  return values;
}
