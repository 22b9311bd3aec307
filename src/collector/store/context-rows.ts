import type { Database } from '../../sqlite/database.js';
import type { Experiment } from '../experiments/experiment.js';
import type { LogEntry } from '../measuring/measured-log.js';
import {
  isInTime,
  type Lost,
  type StoredRow,
  seenAround,
  sessionsNear,
  sighting,
  sightingsOf,
  toEntry,
} from './measured-rows.js';

/** A row with its number in the order of arrival. */
export interface NumberedRow extends StoredRow {
  readonly number: number;
}

/** A log, and the place of each row in it by its number. */
export interface PlacedLog {
  readonly log: readonly LogEntry[];
  readonly places: ReadonlyMap<number, number>;
}

/**
 * The rows that decide the verdicts of a few rows of one visitor, so that the newest row can be judged without reading everything
 * that its visitor ever sent: the visitor's impressions, the sightings around impressions without a session, and for each
 * impression the first event after it, which may have converted the session before the row in question.
 */
export interface ContextRows {
  logFor(visitor: number, rows: readonly NumberedRow[], experiments: readonly Experiment[]): PlacedLog;
}

export function createContextRows(database: Database): ContextRows {
  const impressions = database.prepare(
    'SELECT * FROM events WHERE visitor = ? AND experiment IS NOT NULL AND refusal IS NULL ORDER BY number',
  );
  const around = database.prepare(seenAround('i.visitor = ? AND i.experiment IS NOT NULL'));
  // In the order in which measuring prefers them.
  const first = database.prepare(
    `SELECT * FROM events WHERE visitor = ? AND sid = ? AND event = ? AND time >= ? AND refusal IS NULL
     ORDER BY time, received_at, distinct_id LIMIT 1`,
  );
  const witnesses = database.prepare(
    `SELECT e.number FROM json_each(?) AS given JOIN events AS e ON e.number = given.value
     WHERE e.witness IS NOT NULL AND ${isInTime('e')}`,
  );

  return {
    logFor(visitor, rows, experiments) {
      const find = (id: string): Experiment | undefined => experiments.find((experiment) => experiment.id === id);
      const names = new Set(rows.map(({ event }) => event));
      const byNumber = new Map(rows.map((row) => [row.number, row]));
      const add = (row: NumberedRow): void => void (byNumber.has(row.number) || byNumber.set(row.number, row));
      const seen = impressions.all(visitor) as (NumberedRow & { readonly experiment: string })[];
      const lost = seen.some(({ sid }) => sid === null)
        ? (around.all(visitor) as (Lost & { readonly experiment: string })[])
        : [];
      const exposures = [
        ...seen.map(({ experiment, sid, time }) => ({ experiment, sid, time })),
        ...lost.flatMap((one) => sessionsNear(one).map(([, sid, time]) => ({ experiment: one.experiment, sid, time }))),
      ];
      for (const row of seen) add(row);
      for (const { experiment, sid, time } of exposures) {
        const { primary, secondary = [] } = find(experiment) ?? {};
        for (const metric of new Set([primary, ...secondary])) {
          if (metric === undefined || !names.has(metric)) continue;
          const found = first.get(visitor, sid, metric, time) as NumberedRow | undefined;
          if (found !== undefined) add(found);
        }
      }
      // Checked in the database: without the first event of its session, a late report would look like a sighting.
      const numbers = JSON.stringify([...byNumber.keys()]);
      const inTime = new Set((witnesses.all(numbers) as { number: number }[]).map(({ number }) => number));
      // In order of arrival, as in the whole log, which decides between rows that are otherwise equal.
      const ordered = [...byNumber.values()].sort((a, b) => a.number - b.number);
      const own = ordered.map((row) => toEntry({ ...row, witness: inTime.has(row.number) ? row.witness : null }, find));
      return {
        log: [...own, ...lost.flatMap(sightingsOf).map((one) => sighting(one, ''))],
        places: new Map(ordered.map(({ number }, place) => [number, place])),
      };
    },
  };
}
