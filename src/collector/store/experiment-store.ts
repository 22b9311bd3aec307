import type { WirePersonalization } from '../../protocol/wire.js';
import type { Database } from '../../sqlite/database.js';
import type { Experiment, Variant } from '../experiments/experiment.js';
import type { ExperimentStore } from '../experiments/experiment-store.js';
import type { Interval } from '../measuring/interval.js';

/** An {@link ExperimentStore} in a database. The experiments themselves are few and are read once. */
export function createExperimentStore(database: Database): ExperimentStore {
  const write = database.prepare(
    `INSERT INTO experiments (id, key, definition) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET key = excluded.key, definition = excluded.definition`,
  );
  const forget = database.prepare('DELETE FROM experiments WHERE id = ?');
  const forgetAssignments = database.prepare('DELETE FROM assignments WHERE experiment = ?');
  const read = database.prepare('SELECT variant FROM assignments WHERE experiment = ? AND visitor_id = ?');
  const remember = database.prepare(
    'INSERT INTO assignments (experiment, visitor_id, variant, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const readAll = database.prepare('SELECT experiment, variant, at FROM assignments WHERE visitor_id = ? ORDER BY at');
  const definitions = database.prepare('SELECT definition FROM experiments ORDER BY rowid').all();
  const experiments = new Map(
    (definitions as { definition: string }[])
      .map(({ definition }) => parseExperiment(JSON.parse(definition)))
      .map((experiment) => [experiment.id, experiment]),
  );

  return {
    list: () => [...experiments.values()],
    find: (idOrKey) => experiments.get(idOrKey) ?? [...experiments.values()].find(({ key }) => key === idOrKey),
    save(experiment) {
      write.run(experiment.id, experiment.key, JSON.stringify(experiment));
      experiments.set(experiment.id, experiment);
    },
    remove({ id }) {
      forgetAssignments.run(id);
      forget.run(id);
      experiments.delete(id);
    },
    assigned(experiment, visitorId) {
      const found = read.get(experiment.id, visitorId) as { variant: string } | undefined;
      return found && variantOf(experiment, found.variant);
    },
    assign(experiment, visitorId, variant, at) {
      remember.run(experiment.id, visitorId, variant.id, at);
    },
    personalizations(visitorId) {
      return (readAll.all(visitorId) as { experiment: string; variant: string; at: number }[]).flatMap(
        ({ experiment: id, variant: variantId, at }): WirePersonalization[] => {
          const experiment = experiments.get(id);
          const variant = experiment && variantOf(experiment, variantId);
          if (experiment?.type !== 'personalization' || variant === undefined) return [];
          return [
            {
              assigned_at: at,
              experiment_id: id,
              experiment_key: experiment.key,
              experiment_name: experiment.name,
              variant_id: variant.id,
              variant_name: variant.name,
            },
          ];
        },
      );
    },
  };
}

function variantOf({ variants }: Experiment, id: string): Variant | undefined {
  return variants.find((variant) => variant.id === id);
}

/** Restores an experiment from JSON, which writes the infinite ends of runs and pauses as `null`. */
export function parseExperiment(stored: Experiment): Experiment {
  return { ...stored, runs: stored.runs.map(reopen), pauses: stored.pauses.map(reopen) };
}

function reopen([from, to]: readonly [number | null, number | null]): Interval {
  return [from ?? Number.NEGATIVE_INFINITY, to ?? Number.POSITIVE_INFINITY];
}
