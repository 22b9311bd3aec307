import type { Database } from '../../../sqlite/database.js';
import type { Conversions } from './conversions.js';
import { type Counts, EXPOSED } from './counts.js';
import type { Definition } from './definitions.js';
import { byVisitor, type OfVisitor } from './of-visitor.js';
import {
  areEqual,
  groupUnits,
  keyOf,
  type SeenImpression,
  type StoredExposure,
  type StoredUnit,
  unitsOf,
} from './visitor-units.js';

/** The counted sessions. Every change also changes their conversions and the counts. */
export interface Units {
  /**
   * Computes the sessions of visitors again.
   * @param isMoved whether the visitors' events changed, so that conversions of equal sessions may have changed too
   */
  expose(visitors: readonly number[], definitions: ReadonlyMap<string, Definition>, isMoved: boolean): void;
}

export function createUnits(database: Database, conversions: Conversions, counts: Counts): Units {
  const impressions = database.prepare(
    `SELECT e.visitor, e.number, e.time, e.received_at, e.experiment, e.variant, coalesce(e.sid, j.sid) AS sid
     FROM json_each(?) AS given
       CROSS JOIN events AS e ON e.visitor = given.value AND e.experiment IS NOT NULL AND e.refusal IS NULL
       LEFT JOIN joined AS j ON j.impression = e.number
     ORDER BY e.number`,
  );
  const exposures = database.prepare(
    `SELECT x.visitor, x.experiment, x.sid, x.since, x.until, x.run, x.variant, x.impression
     FROM json_each(?) AS given CROSS JOIN exposures AS x ON x.visitor = given.value
     ORDER BY x.since`,
  );
  const insert = database.prepare(
    `INSERT INTO exposures (visitor, sid, experiment, since, impression, until, run, variant)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = database.prepare(
    'DELETE FROM exposures WHERE visitor = ? AND sid = ? AND experiment = ? AND since = ? AND impression = ?',
  );

  const removeUnit = (visitor: number, unit: StoredUnit): void => {
    const [{ sid, experiment, variant, since: first }] = unit;
    for (const { since, impression } of unit) remove.run(visitor, sid, experiment, since, impression);
    counts.change(experiment, EXPOSED, variant, first, -1);
    if (sid !== '') conversions.remove({ visitor, sid, experiment }, variant);
  };
  const addUnit = (visitor: number, unit: StoredUnit): void => {
    const [{ sid, experiment, variant, since: first }] = unit;
    for (const { since, impression, until, run } of unit) {
      insert.run(visitor, sid, experiment, since, impression, until, run, variant);
    }
    counts.change(experiment, EXPOSED, variant, first, 1);
  };

  return {
    expose(visitors, definitions, isMoved) {
      const given = JSON.stringify(visitors);
      const before = byVisitor(exposures.all(given) as OfVisitor<StoredExposure>[]);
      const seen = byVisitor(impressions.all(given) as OfVisitor<SeenImpression>[]);
      const added = visitors.flatMap((visitor) => {
        const former = groupUnits(before.get(visitor) ?? []);
        const latest = unitsOfVisitor(seen.get(visitor) ?? [], definitions);
        const changed = latest.filter((unit) => {
          const known = former.get(keyOf(unit[0]));
          const isKept = !isMoved && known !== undefined && areEqual(known, unit);
          return !(isKept && former.delete(keyOf(unit[0])));
        });
        for (const unit of former.values()) removeUnit(visitor, unit);
        for (const unit of changed) addUnit(visitor, unit);
        return changed.map(([{ sid, experiment }]) => ({ visitor, sid, experiment }));
      });
      conversions.convert(added.filter(({ sid }) => sid !== ''));
    },
  };
}

function unitsOfVisitor(
  impressions: readonly SeenImpression[],
  definitions: ReadonlyMap<string, Definition>,
): StoredUnit[] {
  const experiments = new Set(impressions.map(({ experiment }) => experiment));
  return [...experiments].flatMap((id) => {
    const definition = definitions.get(id);
    if (definition === undefined) return [];
    return unitsOf(
      impressions.filter(({ experiment }) => experiment === id),
      definition,
    );
  });
}
