import type { Database } from '../../sqlite/database.js';
import type { Experiment } from '../experiments/experiment.js';
import type { LogEntry } from '../measuring/measured-log.js';
import type { Witness } from '../measuring/sessions.js';
import { type StoredRow, sighting, toEntry } from './stored-row.js';

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
 * that its visitor ever sent: for each experiment the impressions that began the visitor's first exposure and those of the
 * sessions in question, the first event of each metric after them, and which session an impression without one joined.
 *
 * It relies on the measured tables, so everything must be measured before.
 */
export interface ContextRows {
  logFor(visitor: number, rows: readonly NumberedRow[], experiments: readonly Experiment[]): PlacedLog;
}

interface Exposed {
  readonly experiment: string;
  readonly sid: string;
  readonly since: number;
  readonly impression: number;
}

interface Joined {
  readonly time: number;
  readonly sid: string;
  readonly witness: Witness;
}

export function createContextRows(database: Database): ContextRows {
  const joined = database.prepare(
    `SELECT j.seen_at AS time, j.sid, j.witness FROM json_each(?) AS given JOIN joined AS j ON j.impression = given.value
     WHERE j.sid IS NOT NULL`,
  );
  const exposed = database.prepare(
    `SELECT x.experiment, x.sid, x.since, x.impression FROM json_each(?) AS given
       JOIN exposures AS x ON x.visitor = ? AND x.sid = given.value AND x.sid <> ''`,
  );
  // Several at one instant: measuring decides which of them is the first.
  const firsts = database.prepare(
    `SELECT x.impression FROM exposures AS x
       JOIN (SELECT experiment, min(since) AS since FROM exposures WHERE visitor = ?1 GROUP BY experiment) AS first
       ON x.experiment = first.experiment AND x.since = first.since
     WHERE x.visitor = ?1`,
  );
  const byNumber = database.prepare('SELECT e.* FROM json_each(?) AS given JOIN events AS e ON e.number = given.value');
  // In the order in which measuring prefers them.
  const firstEvent = database.prepare(
    `SELECT * FROM events WHERE visitor = ? AND sid = ? AND event = ? AND time >= ? AND refusal IS NULL
     ORDER BY time, received_at, distinct_id LIMIT 1`,
  );

  const read = (numbers: Iterable<number>): NumberedRow[] =>
    byNumber.all(JSON.stringify([...numbers])) as NumberedRow[];
  const joinedBy = (rows: Iterable<NumberedRow>): Joined[] => {
    const lost = [...rows].filter(({ experiment, sid }) => experiment !== null && sid === null);
    return lost.length === 0 ? [] : (joined.all(JSON.stringify(lost.map(({ number }) => number))) as Joined[]);
  };

  /** The exposures of the sessions that the rows are in or joined. */
  const exposuresOf = (visitor: number, rows: readonly NumberedRow[]): Exposed[] => {
    const sids = [...rows, ...joinedBy(rows)].flatMap(({ sid }) => sid ?? []);
    return exposed.all(JSON.stringify([...new Set(sids)]), visitor) as Exposed[];
  };

  return {
    logFor(visitor, rows, experiments) {
      const find = (id: string): Experiment | undefined => experiments.find((experiment) => experiment.id === id);
      const names = new Set(rows.map(({ event }) => event));
      const exposures = exposuresOf(visitor, rows);
      const all = new Map(rows.map((row) => [row.number, row]));
      const add = (row: NumberedRow): void => void (all.has(row.number) || all.set(row.number, row));
      const began = [...(firsts.all(visitor) as Exposed[]), ...exposures].map(({ impression }) => impression);
      for (const row of read(new Set(began))) add(row);
      for (const { experiment, sid, since } of exposures) {
        const { primary, secondary = [] } = find(experiment) ?? {};
        for (const metric of new Set([primary, ...secondary])) {
          if (metric === undefined || !names.has(metric)) continue;
          const found = firstEvent.get(visitor, sid, metric, since) as NumberedRow | undefined;
          if (found !== undefined) add(found);
        }
      }
      // In order of arrival, as in the whole log, which decides between rows that are otherwise equal.
      const ordered = [...all.values()].sort((a, b) => a.number - b.number);
      // Only what decided which session an impression joined may show when a session was active.
      const own = ordered.map((row) => toEntry({ ...row, witness: null }, find));
      const seen = joinedBy(ordered).map((one) => sighting({ ...one, visitor }, ''));
      return { log: [...own, ...seen], places: new Map(ordered.map(({ number }, place) => [number, place])) };
    },
  };
}
