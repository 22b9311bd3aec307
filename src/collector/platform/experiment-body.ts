import type { Experiment, ExperimentStatus, ExperimentType, QueryRule, Variant } from '../experiments/experiment.js';

/** An experiment as the Platform API tells of it, without its variants. */
export interface ExperimentBody {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly description: string | null;
  readonly type: ExperimentType;
  readonly status: ExperimentStatus;
  readonly createdAt: string;
  readonly updatedAt: string | null;
  /** `null` before the start and for one that has been running since forever. */
  readonly startedAt: string | null;
  readonly stoppedAt: string | null;
  /** Percent. */
  readonly trafficAllocation: number;
  readonly includeQueryString: boolean;
  readonly winnerVariantId: string | null;
  readonly rolloutVariantId: string | null;
  readonly targetingRules: {
    readonly urlPatterns: readonly string[];
    readonly audienceId: null;
    readonly visitorProperties: null;
    readonly visitorStatus: string;
    readonly queryParams: readonly {
      readonly key: string;
      readonly operator: QueryRule['operator'];
      readonly value: string | null;
    }[];
  };
  readonly metrics: {
    readonly primary: { readonly eventName: string } | null;
    readonly secondary: readonly { readonly eventName: string }[];
  };
}

export interface VariantBody {
  readonly id: string;
  readonly experimentId: string;
  readonly name: string;
  readonly isControl: boolean;
  /** Percent, rounded to an integer as the service has it: thirds are told as 33. */
  readonly weight: number;
  readonly variantType: string | null;
  readonly redirectUrl: string | null;
  readonly domModifications: readonly unknown[] | null;
}

export function experimentBody(experiment: Experiment): ExperimentBody {
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

export function variantBody({ id: experimentId }: Experiment, variant: Variant): VariantBody {
  const { id, name, isControl, share, variantType, redirectUrl, domModifications } = variant;
  return {
    id,
    experimentId,
    name,
    isControl,
    weight: Math.round(share * 100),
    variantType: variantType ?? null,
    redirectUrl: redirectUrl ?? null,
    domModifications: domModifications ?? null,
  };
}

export function experimentWithVariants(
  experiment: Experiment,
): ExperimentBody & { readonly variants: readonly VariantBody[] } {
  const variants = experiment.variants.map((variant) => variantBody(experiment, variant));
  return { ...experimentBody(experiment), variants };
}

// Beyond it there is no date, and an open end is infinite.
const MAX_DATE_MS = 8.64e15;

function toIso(time = Number.POSITIVE_INFINITY): string | null {
  return Math.abs(time) <= MAX_DATE_MS ? new Date(time).toISOString() : null;
}
