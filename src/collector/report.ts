import type { Experiment } from './experiments/experiment.js';
import type { EventLine } from './insight.js';
import { compareArms, hasEnoughData } from './measuring/bayes.js';
import type { Attribution, MeasuringRules, Tally } from './measuring/measured-log.js';
import { conversionRate, interval95 } from './measuring/posterior.js';
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
  /** 0 for a variant with a weight of 0, which nobody is shown. */
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
      /** Of this day's conversions to this day's impressions; 0 without impressions. */
      readonly conversionRate: number;
    }[];
  }[];
}

export interface CollectorReport {
  readonly experiments: readonly ExperimentReport[];
  /** In the order of arrival. */
  readonly events: readonly EventLine[];
}

/** The rules to measure experiments by what was let in at the door, as {@link attribute} takes them. */
export function toMeasuringRules(experiments: readonly Experiment[], now: number): MeasuringRules {
  return {
    experiments: experiments.map((experiment) => ({
      ...experiment,
      // A draft without a goal measures nothing: no event has an empty name.
      primary: experiment.primary ?? '',
      variants: experiment.variants.map(({ name }) => name),
    })),
    bots: 'allow',
    now,
  };
}

/** The experiment measured by another event, as if that had been its goal from the start. */
export function asGoal(experiment: Experiment, eventName: string): Experiment {
  return {
    ...experiment,
    primary: eventName,
    secondary: experiment.secondary.filter((event) => event !== eventName),
  };
}

/** The results of an experiment that the attribution was made with. */
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

/** A variant that nobody is shown competes with no other one; what choosing it would cost is measured against the others. */
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
