import type { Database } from '../../../sqlite/database.js';
import type { Counts } from './counts.js';

/** A counted session. */
export interface UnitKey {
  readonly visitor: number;
  readonly sid: string;
  readonly experiment: string;
}

/** The first event of each metric in each counted session. Every change also changes the counts. */
export interface Conversions {
  /** Converts new sessions by the events that are stored. */
  convert(units: readonly UnitKey[]): void;
  /** Converts sessions by the events after `from` up to `to`. */
  convertBy(from: number, to: number): void;
  /** Forgets what converted a session of this variant. */
  remove(unit: UnitKey, variant: string): void;
  /** Converts the sessions of an experiment by an event that was not measured before. */
  addMetric(experiment: string, event: string): void;
  /** Forgets what an event converted. */
  removeMetric(experiment: string, event: string): void;
}

// The first event in an exposure that converts it. It may not be later than the end of the run.
const FIRST = `(
  SELECT e.time FROM events AS e
  WHERE e.visitor = x.visitor AND e.sid = x.sid AND e.event = m.event AND e.refusal IS NULL
    AND e.time >= x.since AND e.time < min(x.until, r.stop)
  ORDER BY e.time LIMIT 1)`;

const firstOf = (exposures: string, which: string): string => `
  SELECT x.visitor, x.sid, x.experiment, m.event, x.variant, min(${FIRST}) AS time
  FROM ${exposures}
    JOIN metrics AS m ON m.experiment = x.experiment
    JOIN runs AS r ON r.experiment = x.experiment AND r.run = x.run
  WHERE ${which}
  GROUP BY x.visitor, x.sid, x.experiment, m.event HAVING time IS NOT NULL`;

const GIVEN_UNITS = `json_each(?) AS given CROSS JOIN exposures AS x
  ON x.visitor = given.value ->> 0 AND x.sid = given.value ->> 1 AND x.experiment = given.value ->> 2`;

// Events that convert a session, or that convert it earlier than the event that did. Without an index the events are read by
// number; otherwise SQLite would read the whole index `events_of_session`, because it is in the order of the groups.
const EARLIER = `
  SELECT e.visitor, e.sid, x.experiment, e.event, x.variant, min(e.time) AS time, c.time AS former
  FROM events AS e NOT INDEXED
    CROSS JOIN metrics AS m
    CROSS JOIN exposures AS x
    CROSS JOIN runs AS r
    LEFT JOIN conversions AS c
      ON c.visitor = e.visitor AND c.sid = e.sid AND c.experiment = x.experiment AND c.event = e.event
  WHERE e.number > ? AND e.number <= ? AND e.refusal IS NULL AND m.event = e.event
    AND x.visitor = e.visitor AND x.sid = e.sid AND x.experiment = m.experiment
    AND x.since <= e.time AND e.time < x.until
    AND r.experiment = x.experiment AND r.run = x.run AND e.time < r.stop
    AND (c.time IS NULL OR e.time < c.time)
  GROUP BY e.visitor, e.sid, x.experiment, e.event`;

interface Conversion extends UnitKey {
  readonly event: string;
  readonly variant: string;
  readonly time: number;
}

export function createConversions(database: Database, counts: Counts): Conversions {
  const ofUnit = database.prepare(
    'SELECT event, time FROM conversions WHERE visitor = ? AND sid = ? AND experiment = ?',
  );
  const remove = database.prepare('DELETE FROM conversions WHERE visitor = ? AND sid = ? AND experiment = ?');
  const firstOfUnits = database.prepare(firstOf(GIVEN_UNITS, "x.sid <> ''"));
  const firstOfMetric = database.prepare(firstOf('exposures AS x', "x.experiment = ? AND m.event = ? AND x.sid <> ''"));
  const earlier = database.prepare(EARLIER);
  const insert = database.prepare(
    `INSERT INTO conversions (visitor, sid, experiment, event, time) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET time = excluded.time`,
  );
  const forgetMetric = database.prepare('DELETE FROM conversions WHERE experiment = ? AND event = ?');

  const save = ({ visitor, sid, experiment, event, variant, time }: Conversion): void => {
    insert.run(visitor, sid, experiment, event, time);
    counts.change(experiment, event, variant, time, 1);
  };

  return {
    convert(units) {
      if (units.length === 0) return;
      const given = JSON.stringify(units.map(({ visitor, sid, experiment }) => [visitor, sid, experiment]));
      for (const conversion of firstOfUnits.all(given) as Conversion[]) save(conversion);
    },
    convertBy(from, to) {
      for (const found of earlier.all(from, to) as (Conversion & { readonly former: number | null })[]) {
        const { experiment, event, variant, former } = found;
        if (former !== null) counts.change(experiment, event, variant, former, -1);
        save(found);
      }
    },
    remove({ visitor, sid, experiment }, variant) {
      for (const { event, time } of ofUnit.all(visitor, sid, experiment) as Conversion[]) {
        counts.change(experiment, event, variant, time, -1);
      }
      remove.run(visitor, sid, experiment);
    },
    addMetric(experiment, event) {
      for (const conversion of firstOfMetric.all(experiment, event) as Conversion[]) save(conversion);
    },
    removeMetric(experiment, event) {
      forgetMetric.run(experiment, event);
      counts.removeMetric(experiment, event);
    },
  };
}
