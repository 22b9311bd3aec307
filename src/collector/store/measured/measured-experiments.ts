import type { Database } from '../../../sqlite/database.js';
import type { Conversions } from './conversions.js';
import { createDefinitions, type Definition, differsFrom, isTracked } from './definitions.js';
import { NEVER } from './visitor-units.js';

/** The experiments by which the events were measured. */
export interface MeasuredExperiments {
  /** Whether the stored experiments are still the measured ones. */
  isCurrent(): boolean;
  /** Adopts the stored experiments: marks the visitors whose counts may differ as stale. */
  adopt(): void;
  readonly definitions: ReadonlyMap<string, Definition>;
  isMeasured(experiment: string, event: string): boolean;
  /** Measures an experiment by an event that is not one of its metrics. The event that was asked for first is given up. */
  ask(experiment: string, event: string): void;
}

/** How many events other than the metrics are kept measured for each experiment. */
const MAX_ASKED = 5;

export function createMeasuredExperiments(database: Database, conversions: Conversions): MeasuredExperiments {
  const stored = createDefinitions(database);
  const measured = database.prepare('SELECT definitions FROM progress');
  const save = database.prepare('UPDATE progress SET definitions = ?');
  const saveRun = database.prepare('INSERT OR REPLACE INTO runs (experiment, run, stop) VALUES (?, ?, ?)');
  const removeRuns = database.prepare('DELETE FROM runs WHERE experiment = ?');
  const metrics = database.prepare('SELECT event, asked FROM metrics WHERE experiment = ? ORDER BY asked');
  const saveMetric = database.prepare('INSERT INTO metrics (event, experiment, asked) VALUES (?, ?, ?)');
  const turnMetric = database.prepare('UPDATE metrics SET asked = NULL WHERE event = ? AND experiment = ?');
  const removeMetric = database.prepare('DELETE FROM metrics WHERE event = ? AND experiment = ?');
  const find = database.prepare('SELECT 1 FROM metrics WHERE event = ? AND experiment = ?');
  const markExposed = database.prepare(
    'INSERT OR IGNORE INTO stale SELECT DISTINCT visitor FROM events WHERE experiment = ?',
  );
  const markSince = database.prepare('INSERT OR IGNORE INTO stale SELECT DISTINCT visitor FROM events WHERE time >= ?');

  let text = '';
  let definitions = new Map<string, Definition>();
  const load = (from: string): Map<string, Definition> =>
    new Map(stored.parse(from).map((definition) => [definition.id, definition]));

  const removeExperiment = (id: string): void => {
    for (const table of ['exposures', 'conversions', 'counts', 'runs', 'metrics']) {
      database.prepare(`DELETE FROM ${table} WHERE experiment = ?`).run(id);
    }
  };

  const drop = (experiment: string, event: string): void => {
    removeMetric.run(event, experiment);
    conversions.removeMetric(experiment, event);
  };

  const adoptMetrics = ({ id, metrics: wanted }: Definition): void => {
    const known = metrics.all(id) as { event: string; asked: number | null }[];
    for (const { event, asked } of known) {
      if (wanted.includes(event)) turnMetric.run(event, id);
      else if (asked === null) drop(id, event);
    }
    for (const event of wanted) {
      if (known.some((metric) => metric.event === event)) continue;
      saveMetric.run(event, id, null);
      conversions.addMetric(id, event);
    }
  };

  const adoptOne = (before: Definition | undefined, after: Definition): void => {
    const { id, runs } = after;
    removeRuns.run(id);
    for (const [run, [, stop]] of runs.entries()) saveRun.run(id, run, Math.min(stop, NEVER));
    adoptMetrics(after);
    const since = before === undefined ? Number.NEGATIVE_INFINITY : differsFrom(before, after);
    if (since === Number.NEGATIVE_INFINITY) markExposed.run(id);
    else if (since < Number.POSITIVE_INFINITY) markSince.run(since);
  };

  return {
    isCurrent: () => (measured.get() as { definitions: string }).definitions === stored.text(),
    adopt() {
      const former = (measured.get() as { definitions: string }).definitions;
      const latest = stored.text();
      if (text !== latest) definitions = load(latest);
      text = latest;
      if (former === latest) return;
      const before = load(former);
      for (const id of before.keys()) if (!definitions.has(id)) removeExperiment(id);
      for (const [id, after] of definitions) adoptOne(before.get(id), after);
      save.run(latest);
    },
    get definitions() {
      return definitions;
    },
    isMeasured: (experiment, event) => !isTracked(event) || find.get(event, experiment) !== undefined,
    ask(experiment, event) {
      const asked = (metrics.all(experiment) as { event: string; asked: number | null }[]).filter(
        (metric) => metric.asked !== null,
      );
      if (asked.length >= MAX_ASKED) drop(experiment, asked[0]!.event);
      saveMetric.run(event, experiment, (asked.at(-1)?.asked ?? 0) + 1);
      conversions.addMetric(experiment, event);
    },
  };
}
