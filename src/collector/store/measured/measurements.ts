import { type Database, transact } from '../../../sqlite/database.js';
import { createConversions } from './conversions.js';
import { type CountedSessions, createCounts } from './counts.js';
import { createLostImpressions } from './lost-impressions.js';
import { createMeasuredExperiments } from './measured-experiments.js';
import { createUnits } from './units.js';

/**
 * The counts of every experiment, kept in tables. When events arrive, only the visitors and sessions that they touch are measured
 * again, and the counts change by the difference. The result is that of `attribute` over the whole log.
 *
 * Everything follows from the events and the stored experiments: `progress` says how far the events were measured, so it does not
 * matter which process added them, or when.
 */
export interface Measurements {
  /** Measures what is not measured yet, in a transaction of its own. */
  catchUp(): void;
  /** The same within the caller's transaction. */
  catchUpWithin(): void;
  /** The sessions of an experiment by event and day, measured up to now, also by `event`. */
  counts(experiment: string, event: string | undefined): readonly CountedSessions[];
  /** Has visitors measured again. Call it before the transaction that changes their events commits. */
  markStale(visitors: readonly number[]): void;
  /** Forgets everything. Call it when all events were deleted. */
  clear(): void;
  /** Call it when events were deleted: their numbers may be given to other events. */
  rewind(): void;
}

/** Bounds the memory of one step. */
const STEP_EVENTS = 5_000;

export function createMeasurements(database: Database): Measurements {
  const counts = createCounts(database);
  const lost = createLostImpressions(database);
  const conversions = createConversions(database, counts);
  const units = createUnits(database, conversions, counts);
  const experiments = createMeasuredExperiments(database, conversions);
  const progress = database.prepare(
    `SELECT events AS measured, (SELECT coalesce(max(number), 0) FROM events) AS last,
       EXISTS (SELECT 1 FROM stale) AS isStale FROM progress`,
  );
  const advance = database.prepare('UPDATE progress SET events = ?');
  const rewind = database.prepare(
    'UPDATE progress SET events = min(events, (SELECT coalesce(max(number), 0) FROM events))',
  );
  const stale = database.prepare('SELECT visitor FROM stale LIMIT ?');
  const markStale = database.prepare('INSERT OR IGNORE INTO stale (visitor) VALUES (?)');
  const removeStale = database.prepare('DELETE FROM stale WHERE visitor IN (SELECT value FROM json_each(?))');
  const shown = database.prepare(
    'SELECT DISTINCT visitor FROM events WHERE number > ? AND number <= ? AND experiment IS NOT NULL AND refusal IS NULL',
  );

  const read = () => progress.get() as { measured: number; last: number; isStale: number };

  const isCurrent = (): boolean => {
    const { measured, last, isStale } = read();
    return measured === last && isStale === 0 && experiments.isCurrent();
  };

  const measureStale = (): void => {
    for (;;) {
      const visitors = (stale.all(STEP_EVENTS) as { visitor: number }[]).map(({ visitor }) => visitor);
      if (visitors.length === 0) return;
      lost.forget(visitors);
      lost.join(lost.ofVisitors(visitors));
      units.expose(visitors, experiments.definitions, true);
      removeStale.run(JSON.stringify(visitors));
      counts.write();
    }
  };

  const measureEvents = (from: number, to: number): void => {
    const affected = new Map(lost.affectedBy(from, to).map((impression) => [impression.number, impression]));
    lost.join([...affected.values()]);
    const exposed = [...(shown.all(from, to) as { visitor: number }[]), ...affected.values()];
    const visitors = new Set(exposed.map(({ visitor }) => visitor));
    units.expose([...visitors], experiments.definitions, false);
    conversions.convertBy(from, to);
    counts.write();
  };

  const catchUpWithin = (): void => {
    try {
      experiments.adopt();
      counts.write();
      measureStale();
      const { measured, last } = read();
      for (let from = measured; from < last; from += STEP_EVENTS) {
        measureEvents(from, Math.min(from + STEP_EVENTS, last));
      }
      advance.run(last);
    } catch (error) {
      // The transaction will be undone, and these changes with it.
      counts.discard();
      throw error;
    }
  };

  const catchUp = (): void => {
    if (!isCurrent()) transact(database, catchUpWithin);
  };

  return {
    catchUp,
    catchUpWithin,
    counts(experiment, event) {
      catchUp();
      if (event !== undefined && !experiments.isMeasured(experiment, event)) {
        transact(database, () => {
          catchUpWithin();
          experiments.ask(experiment, event);
          counts.write();
        });
      }
      return counts.of(experiment);
    },
    markStale(visitors) {
      for (const visitor of visitors) markStale.run(visitor);
    },
    clear() {
      for (const table of ['stale', 'joined', 'exposures', 'conversions', 'counts'])
        database.exec(`DELETE FROM ${table}`);
      advance.run(0);
    },
    rewind: () => void rewind.run(),
  };
}
