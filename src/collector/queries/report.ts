import type { Experiment } from '../experiments/experiment.js';
import { compareArms, hasEnoughData } from '../measuring/bayes.js';
import type { Attribution, MeasuredExperiment, Tally } from '../measuring/measured-log.js';
import { conversionRate, interval95 } from '../measuring/posterior.js';
import { MISMATCH_BELOW_P, sampleRatioP } from '../measuring/sample-ratio.js';

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
  /** 0 for a variant with a weight of 0, which is never shown. */
  readonly probabilityToBeBest: number;
  /** The average cost of choosing this variant, in conversion rate. */
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
  /** Without it the probabilities mean little. */
  readonly hasEnoughData: boolean;
  /** Whether visitors were split as configured. */
  readonly sampleRatio: { readonly p: number; readonly isMismatch: boolean };
}

/** The counts of each day. */
export interface DailyReport {
  readonly days: readonly {
    /** UTC, `YYYY-MM-DD`. */
    readonly date: string;
    readonly variants: readonly {
      readonly id: string;
      readonly impressions: number;
      readonly conversions: number;
      /** Of this day's conversions to this day's impressions; 0 without impressions. */
      readonly conversionRate: number;
    }[];
  }[];
}

/** The experiments as the measuring rules take them. */
export function toMeasured(experiments: readonly Experiment[]): MeasuredExperiment[] {
  return experiments.map((experiment) => ({
    ...experiment,
    // A draft without a goal measures nothing: no event has an empty name.
    primary: experiment.primary ?? '',
    variants: experiment.variants.map(({ name }) => name),
  }));
}

/** The experiment measured by another event, as if that event had been its goal from the start. */
export function asGoal(experiment: Experiment, eventName: string): Experiment {
  return {
    ...experiment,
    primary: eventName,
    secondary: experiment.secondary.filter((event) => event !== eventName),
  };
}

/** The results of an experiment, from an attribution that includes it. */
export function measureExperiment(
  { id, key, name, variants }: Pick<Experiment, 'id' | 'key' | 'name' | 'variants'>,
  { tallies }: Pick<Attribution, 'tallies'>,
): ExperimentReport {
  const arms = variants.map((variant): Tally => tallies.get(key)!.get(variant.name)!);
  const isCompared = variants.map(({ share }) => share > 0);
  const comparisons = compareAll(arms, isCompared);
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
        conversionRate: conversionRate(arm),
        ...comparisons[i]!,
        interval95: interval95(arm),
        secondary: arm.secondary,
      };
    }),
    hasEnoughData: hasEnoughData(arms.filter((_, i) => isCompared[i])),
    sampleRatio: { p, isMismatch: p < MISMATCH_BELOW_P },
  };
}

/** A variant with a weight of 0 does not compete. Its expected loss is measured against the others. */
/** The most probable of at least one variant; the first of equal ones. */
export function bestOf(variants: readonly VariantReport[]): VariantReport {
  return variants.reduce((best, other) => (other.probabilityToBeBest > best.probabilityToBeBest ? other : best));
}

function compareAll(
  arms: readonly Tally[],
  isCompared: readonly boolean[],
): Pick<VariantReport, 'probabilityToBeBest' | 'expectedLoss'>[] {
  const compared = arms.filter((_, i) => isCompared[i]);
  const { probabilityToBeBest, expectedLoss } = compareArms(compared);
  let next = 0;
  return arms.map((arm, i) => {
    if (!isCompared[i])
      return { probabilityToBeBest: 0, expectedLoss: compareArms([...compared, arm]).expectedLoss.at(-1)! };
    const place = next++;
    return { probabilityToBeBest: probabilityToBeBest[place]!, expectedLoss: expectedLoss[place]! };
  });
}
