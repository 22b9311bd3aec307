import type { WireAssignmentRequest, WirePersonalization } from '../../protocol/wire.js';
import { isWithin } from '../measuring/interval.js';
import { variantOf } from './bucketing.js';
import type { Experiment, Variant } from './experiment.js';
import { isTargeted } from './targeting.js';

interface Assigned {
  readonly variant: Variant;
  readonly at: number;
}

/** Who was given which variant. */
export interface Assignments {
  find(key: string): Experiment | undefined;
  /** The variant of a visitor, or `undefined` for one who is not in the experiment, which is not the control. */
  assign(experiment: Experiment, request: WireAssignmentRequest): Variant | undefined;
  personalizations(visitorId: string): WirePersonalization[];
}

/** Assignments in memory: bucketing decides, memory only knows who may stay while an experiment is paused. */
export function createAssignments(experiments: readonly Experiment[], now: () => number): Assignments {
  const byKey = new Map(experiments.map((experiment) => [experiment.key, experiment]));
  const assigned = new Map(experiments.map((experiment) => [experiment, new Map<string, Assigned>()]));

  return {
    find: (key) => byKey.get(key),
    assign(experiment, { visitor_id: visitorId, context }) {
      const at = now();
      if (!isWithin(experiment.runs, at) || !isTargeted(experiment.targeting.urls, context?.url)) return undefined;
      const visitors = assigned.get(experiment);
      const known = visitors?.get(visitorId)?.variant;
      if (known !== undefined || isWithin(experiment.pauses, at)) return known;
      const variant = variantOf(experiment, visitorId);
      if (variant !== undefined) visitors?.set(visitorId, { variant, at });
      return variant;
    },
    personalizations(visitorId) {
      return experiments.flatMap((experiment) => {
        const found = experiment.type === 'personalization' ? assigned.get(experiment)?.get(visitorId) : undefined;
        if (found === undefined) return [];
        return {
          assigned_at: new Date(found.at).toISOString(),
          experiment_id: experiment.id,
          experiment_key: experiment.key,
          experiment_name: experiment.name,
          variant_id: found.variant.id,
          variant_name: found.variant.name,
        };
      });
    },
  };
}
