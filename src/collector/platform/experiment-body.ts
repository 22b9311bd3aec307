import type { Experiment, Variant } from '../experiments/experiment.js';
import { toIso } from './platform-route.js';

/** An object of the Platform API. */
interface Entity {
  readonly id: string;
  readonly [field: string]: unknown;
}

/** An experiment in the Platform API, without its variants. Weights are in percent. */
export function experimentBody(experiment: Experiment): Entity {
  const { id, key, name, description, type, status, primary, secondary, runs, targeting, allocation } = experiment;
  return {
    id,
    key,
    name,
    description: description || null,
    type,
    status,
    createdAt: new Date(experiment.createdAt).toISOString(),
    updatedAt: toIso(experiment.updatedAt),
    // `null` before the start, and for an experiment configured without a start.
    startedAt: toIso(runs[0]?.[0]),
    stoppedAt: toIso(runs.at(-1)?.[1]),
    trafficAllocation: Math.round(allocation * 100),
    includeQueryString: experiment.includeQueryString,
    winnerVariantId: experiment.winner ?? null,
    rolloutVariantId: experiment.rollout ?? null,
    targetingRules: {
      urlPatterns: targeting.urls,
      audienceId: null,
      visitorProperties: null,
      visitorStatus: targeting.visitors,
      queryParams: targeting.query.map(({ parameter, operator, value }) => {
        return { key: parameter, operator, value: value ?? null };
      }),
    },
    metrics: {
      primary: primary === undefined ? null : { eventName: primary },
      secondary: secondary.map((eventName) => ({ eventName })),
    },
  };
}

export function variantBody({ id: experimentId }: Experiment, variant: Variant): Entity {
  const { id, name, isControl, share, variantType, redirectUrl, domModifications } = variant;
  return {
    id,
    experimentId,
    name,
    isControl,
    // An integer, like in the service: a third is 33.
    weight: Math.round(share * 100),
    variantType: variantType ?? null,
    redirectUrl: redirectUrl ?? null,
    domModifications: domModifications ?? null,
  };
}

export function experimentWithVariants(experiment: Experiment): Entity {
  const variants = experiment.variants.map((variant) => variantBody(experiment, variant));
  return { ...experimentBody(experiment), variants };
}
