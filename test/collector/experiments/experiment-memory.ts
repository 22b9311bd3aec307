import type { Experiment, Variant } from '../../../src/collector/experiments/experiment.js';
import type { ExperimentStore } from '../../../src/collector/experiments/experiment-store.js';

/** An {@link ExperimentStore} in memory. */
export function createExperimentMemory(initial: readonly Experiment[] = []): ExperimentStore {
  const experiments = new Map(initial.map((experiment) => [experiment.id, experiment]));
  const given = new Map<string, Map<string, { variant: Variant; at: number }>>();
  const list = (): Experiment[] => [...experiments.values()];

  return {
    list,
    find: (idOrKey) => experiments.get(idOrKey) ?? list().find(({ key }) => key === idOrKey),
    save: (experiment) => void experiments.set(experiment.id, experiment),
    remove({ id }) {
      experiments.delete(id);
      given.delete(id);
    },
    assigned: ({ id }, visitorId) => given.get(id)?.get(visitorId)?.variant,
    assign({ id }, visitorId, variant, at) {
      const visitors = given.get(id) ?? new Map();
      given.set(id, visitors);
      if (!visitors.has(visitorId)) visitors.set(visitorId, { variant, at });
    },
    personalizations: (visitorId) =>
      list().flatMap(({ id, key, name, type }) => {
        const found = type === 'personalization' ? given.get(id)?.get(visitorId) : undefined;
        if (found === undefined) return [];
        return {
          assigned_at: found.at,
          experiment_id: id,
          experiment_key: key,
          experiment_name: name,
          variant_id: found.variant.id,
          variant_name: found.variant.name,
        };
      }),
  };
}
