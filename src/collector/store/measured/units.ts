import type { Database } from '../../../sqlite/database.js';
import { type Counts, EXPOSED } from './counts.js';
import type { Definition } from './definitions.js';
import {
  areEqual,
  groupUnits,
  keyOf,
  type SeenImpression,
  type StoredExposure,
  type StoredUnit,
  unitsOf,
} from './visitor-units.js';

/** The counted sessions and what converted them. Every change also changes the counts. */
export interface Units {
  /**
   * Computes the sessions of a visitor again.
   * @param isMoved whether the visitor's events changed, so that conversions of equal sessions may have changed too
   */
  expose(visitor: number, definitions: ReadonlyMap<string, Definition>, isMoved: boolean): void;
  /** Converts sessions by the events after `from` up to `to`. */
  convert(from: number, to: number): void;
  /** Converts the sessions of an experiment by an event that was not measured before. */
  addMetric(experiment: string, event: string): void;
  /** Forgets what an event converted. */
  removeMetric(experiment: string, event: string): void;
  /** Forgets everything about an experiment. */
  removeExperiment(experiment: string): void;
}

// The first event in an exposure that converts it. It may not be later than the end of the run.
const FIRST = `(
  SELECT e.time FROM events AS e
  WHERE e.visitor = x.visitor AND e.sid = x.sid AND e.event = m.event AND e.refusal IS NULL
    AND e.time >= x.since AND e.time < min(x.until, r.stop)
  ORDER BY e.time LIMIT 1)`;

const conversionsOf = (which: string): string => `
  SELECT x.visitor, x.sid, x.experiment, m.event, x.variant, min(${FIRST}) AS time
  FROM exposures AS x
    JOIN metrics AS m ON m.experiment = x.experiment
    JOIN runs AS r ON r.experiment = x.experiment AND r.run = x.run
  WHERE ${which} AND x.sid <> ''
  GROUP BY x.visitor, x.sid, x.experiment, m.event HAVING time IS NOT NULL`;

// Events that convert a session, or that convert it earlier than the event that did.
const EARLIER = `
  SELECT e.visitor, e.sid, x.experiment, e.event, x.variant, min(e.time) AS time, c.time AS former
  FROM events AS e
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

interface Conversion {
  readonly visitor: number;
  readonly sid: string;
  readonly experiment: string;
  readonly event: string;
  readonly variant: string;
  readonly time: number;
}

export function createUnits(database: Database, counts: Counts): Units {
  const impressions = database.prepare(
    `SELECT e.number, e.time, e.received_at, e.experiment, e.variant, coalesce(e.sid, j.sid) AS sid
     FROM events AS e LEFT JOIN joined AS j ON j.impression = e.number
     WHERE e.visitor = ? AND e.experiment IS NOT NULL AND e.refusal IS NULL ORDER BY e.number`,
  );
  const exposures = database.prepare(
    'SELECT experiment, sid, since, until, run, variant, impression FROM exposures WHERE visitor = ? ORDER BY since',
  );
  const addExposure = database.prepare(
    `INSERT INTO exposures (visitor, sid, experiment, since, impression, until, run, variant)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const removeExposure = database.prepare(
    'DELETE FROM exposures WHERE visitor = ? AND sid = ? AND experiment = ? AND since = ? AND impression = ?',
  );
  const conversions = database.prepare(
    'SELECT event, time FROM conversions WHERE visitor = ? AND sid = ? AND experiment = ?',
  );
  const removeConversions = database.prepare(
    'DELETE FROM conversions WHERE visitor = ? AND sid = ? AND experiment = ?',
  );
  const convertUnit = database.prepare(conversionsOf('x.visitor = ? AND x.sid = ? AND x.experiment = ?'));
  const earlier = database.prepare(EARLIER);
  const saveConversion = database.prepare(
    `INSERT INTO conversions (visitor, sid, experiment, event, time) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET time = excluded.time`,
  );

  const save = ({ visitor, sid, experiment, event, variant, time }: Conversion): void => {
    saveConversion.run(visitor, sid, experiment, event, time);
    counts.change(experiment, event, variant, time, 1);
  };

  const remove = (visitor: number, unit: StoredUnit): void => {
    const [{ sid, experiment, variant, since: first }] = unit;
    for (const { since, impression } of unit) removeExposure.run(visitor, sid, experiment, since, impression);
    counts.change(experiment, EXPOSED, variant, first, -1);
    if (sid === '') return;
    for (const { event, time } of conversions.all(visitor, sid, experiment) as Conversion[]) {
      counts.change(experiment, event, variant, time, -1);
    }
    removeConversions.run(visitor, sid, experiment);
  };

  const add = (visitor: number, unit: StoredUnit): void => {
    const [{ sid, experiment, variant, since: first }] = unit;
    for (const { since, impression, until, run } of unit) {
      addExposure.run(visitor, sid, experiment, since, impression, until, run, variant);
    }
    counts.change(experiment, EXPOSED, variant, first, 1);
    if (sid === '') return;
    for (const conversion of convertUnit.all(visitor, sid, experiment) as Conversion[]) save(conversion);
  };

  return {
    expose(visitor, definitions, isMoved) {
      const before = groupUnits(exposures.all(visitor) as StoredExposure[]);
      const seen = impressions.all(visitor) as SeenImpression[];
      const after = [...new Set(seen.map(({ experiment }) => experiment))].flatMap((id) => {
        const definition = definitions.get(id);
        if (definition === undefined) return [];
        return unitsOf(
          seen.filter(({ experiment }) => experiment === id),
          definition,
        );
      });
      const changed = after.filter((unit) => {
        const key = keyOf(unit[0]);
        const former = before.get(key);
        if (former === undefined) return true;
        const isKept = !isMoved && areEqual(former, unit);
        if (isKept) before.delete(key);
        return !isKept;
      });
      for (const unit of before.values()) remove(visitor, unit);
      for (const unit of changed) add(visitor, unit);
    },

    convert(from, to) {
      for (const found of earlier.all(from, to) as (Conversion & { readonly former: number | null })[]) {
        const { experiment, event, variant, former } = found;
        if (former !== null) counts.change(experiment, event, variant, former, -1);
        save(found);
      }
    },

    addMetric(experiment, event) {
      const found = database
        .prepare(conversionsOf('x.experiment = ? AND m.event = ?'))
        .all(experiment, event) as Conversion[];
      for (const conversion of found) save(conversion);
    },

    removeMetric(experiment, event) {
      database.prepare('DELETE FROM conversions WHERE experiment = ? AND event = ?').run(experiment, event);
      database.prepare('DELETE FROM counts WHERE experiment = ? AND event = ?').run(experiment, event);
    },

    removeExperiment(experiment) {
      for (const table of ['exposures', 'conversions', 'counts', 'runs', 'metrics']) {
        database.prepare(`DELETE FROM ${table} WHERE experiment = ?`).run(experiment);
      }
    },
  };
}
