import type { Experiment, ExperimentStatus, ExperimentType, Targeting } from '../experiments/experiment.js';

/** An experiment as the platform API tells of it; what can be posted stands in it as it is posted. */
export interface ExperimentBody {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly type: ExperimentType;
  readonly status: ExperimentStatus;
  /** Weights are percent and add up to 100. */
  readonly variants: readonly { id: string; name: string; weight: number; isControl: boolean }[];
  readonly metrics: {
    readonly primary: { readonly eventName: string } | null;
    readonly secondary: readonly { readonly eventName: string }[];
  };
  readonly targeting: Targeting;
  /** Percent. */
  readonly trafficAllocation: number;
  /** ISO 8601; `null` before the start and for one that has been running since forever. */
  readonly startedAt: string | null;
  /** ISO 8601; `null` for one that was not stopped. */
  readonly stoppedAt: string | null;
  readonly winnerVariantId: string | null;
}

export function experimentBody(experiment: Experiment): ExperimentBody {
  const { id, key, name, type, status, variants, primary, secondary, runs, targeting, allocation, winner } = experiment;
  return {
    id,
    key,
    name,
    type,
    status,
    variants: variants.map((variant) => ({
      id: variant.id,
      name: variant.name,
      weight: toPercent(variant.share),
      isControl: variant.isControl,
    })),
    metrics: {
      primary: primary === undefined ? null : { eventName: primary },
      secondary: secondary.map((eventName) => ({ eventName })),
    },
    targeting,
    trafficAllocation: toPercent(allocation),
    startedAt: toIso(runs[0]?.[0]),
    stoppedAt: toIso(runs.at(-1)?.[1]),
    winnerVariantId: winner ?? null,
  };
}

/** 0.07 × 100 is 7.000000000000001, which nobody posted. */
function toPercent(share: number): number {
  return Number((share * 100).toFixed(10));
}

// Beyond it there is no date, and an open end is infinite.
const MAX_DATE_MS = 8.64e15;

function toIso(time = Number.POSITIVE_INFINITY): string | null {
  return Math.abs(time) <= MAX_DATE_MS ? new Date(time).toISOString() : null;
}
