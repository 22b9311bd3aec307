import type { Experiment } from './experiments/experiment.js';
import type { EventLine } from './insight.js';
import { compareArms, hasEnoughData } from './measuring/bayes.js';
import type { Attribution, Tally } from './measuring/measured-log.js';
import { interval95 } from './measuring/posterior.js';
import { MISMATCH_BELOW_P, sampleRatioP } from './measuring/sample-ratio.js';

export interface VariantReport {
  readonly id: string;
  readonly name: string;
  readonly isControl: boolean;
  /** Sessions that were exposed. */
  readonly impressions: number;
  /** Exposed sessions with the goal. */
  readonly conversions: number;
  /** 0–1; 0 without impressions. */
  readonly conversionRate: number;
  readonly probabilityToBeBest: number;
  /** What choosing this variant costs on average, in conversion rate. */
  readonly expectedLoss: number;
  readonly interval95: { readonly low: number; readonly high: number };
  /** Exposed sessions with each secondary event, by its name. */
  readonly secondary: ReadonlyMap<string, number>;
}

export interface ExperimentReport {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly variants: readonly VariantReport[];
  /** Before this the probabilities mean little. */
  readonly hasEnoughData: boolean;
  /** Whether visitors were split as configured. */
  readonly sampleRatio: { readonly p: number; readonly isMismatch: boolean };
}

/** What happened on single days. */
export interface DailyReport {
  readonly days: readonly {
    /** UTC, `YYYY-MM-DD`. */
    readonly date: string;
    readonly variants: readonly {
      readonly id: string;
      readonly impressions: number;
      readonly conversions: number;
      readonly conversionRate: number;
    }[];
  }[];
}

export interface CollectorReport {
  readonly experiments: readonly ExperimentReport[];
  /** In the order of arrival. */
  readonly events: readonly EventLine[];
}

function reportExperiment({ id, key, name, variants }: Experiment, { tallies }: Attribution): ExperimentReport {
  const arms = variants.map((variant): Tally => tallies.get(key)!.get(variant.name)!);
  const { probabilityToBeBest, expectedLoss } = compareArms(arms);
  const p = sampleRatioP(
    arms.map(({ impressions }) => impressions),
    variants.map(({ share }) => share),
  );
  return {
    id,
    key,
    name,
    variants: variants.map((variant, i) => {
      const arm = arms[i]!;
      return {
        id: variant.id,
        name: variant.name,
        isControl: variant.isControl,
        impressions: arm.impressions,
        conversions: arm.conversions,
        conversionRate: arm.impressions === 0 ? 0 : arm.conversions / arm.impressions,
        probabilityToBeBest: probabilityToBeBest[i]!,
        expectedLoss: expectedLoss[i]!,
        interval95: interval95(arm),
        secondary: arm.secondary,
      };
    }),
    hasEnoughData: hasEnoughData(arms),
    sampleRatio: { p, isMismatch: p < MISMATCH_BELOW_P },
  };
}

export function toMeasuredExperiment(experiment: Experiment) {
  return { ...experiment, primary: experiment.primary ?? '', variants: experiment.variants.map(({ name }) => name) };
}
export function asGoal(experiment: Experiment, eventName: string | undefined): Experiment {
  return eventName === undefined ? experiment : { ...experiment, primary: eventName, secondary: [] };
}
export function measureExperiment(experiment: Experiment, attribution: Attribution): ExperimentReport {
  return reportExperiment(experiment, attribution);
}
export function dailyOf(_e: Experiment, _a: Attribution, _f: string, _t: string): DailyReport {
  return { days: [] };
}
