import { compareArms } from '../../src/collector/measuring/bayes.js';
import { type Arm, interval95 } from '../../src/collector/measuring/posterior.js';
import { sampleRatioP } from '../../src/collector/measuring/sample-ratio.js';
import type { Case } from './case.js';
import { diffNumber } from './diff.js';

/** Conversions, impressions. */
type Counts = readonly [number, number];

/** Numbers of the comparison, as in `test/fixtures/bayes.json`. */
export interface BayesFile {
  readonly cases?: readonly {
    readonly name?: string;
    readonly arms: readonly Counts[];
    readonly probabilityToBeBest?: readonly number[];
    readonly expectedLoss?: readonly number[];
  }[];
  readonly interval95?: readonly { readonly arm: Counts; readonly low: number; readonly high: number }[];
  readonly srm?: readonly {
    readonly counts: readonly number[];
    readonly split: readonly number[];
    readonly p: number;
  }[];
}

export function isBayesFile(file: object): file is BayesFile {
  return ['cases', 'interval95', 'srm'].some((part) => Array.isArray(file[part as keyof typeof file]));
}

export function bayesCases({ cases = [], interval95: intervals = [], srm = [] }: BayesFile): Case[] {
  return [
    ...cases.map(({ name, arms, probabilityToBeBest, expectedLoss }) => ({
      name: name ?? `comparison of ${arms.map((arm) => arm.join(' in ')).join(', ')}`,
      differences() {
        if (probabilityToBeBest === undefined && expectedLoss === undefined) {
          return ['nothing is expected: there is neither probabilityToBeBest nor expectedLoss'];
        }
        const actual = compareArms(arms.map(armOf));
        return [
          ...diffArms(
            'probabilityToBeBest',
            probabilityToBeBest ?? actual.probabilityToBeBest,
            actual.probabilityToBeBest,
          ),
          ...diffArms('expectedLoss', expectedLoss ?? actual.expectedLoss, actual.expectedLoss),
        ];
      },
    })),
    ...intervals.map(({ arm, low, high }) => ({
      name: `interval95 of ${arm[0]} in ${arm[1]}`,
      differences() {
        const actual = interval95(armOf(arm));
        return [...diffOne('low', low, actual.low), ...diffOne('high', high, actual.high)];
      },
    })),
    ...srm.map(({ counts, split, p }) => ({
      name: `srm of ${counts.join(', ')} by ${split.join(', ')}`,
      differences: () => diffOne('p', p, sampleRatioP(counts, split)),
    })),
  ];
}

function armOf([conversions, impressions]: Counts): Arm {
  return { conversions, impressions };
}

// Relative tolerances are useless near 0, where an expected 0 may be a tiny number.
const SMALLEST = 1e-300;
const RELATIVE = 1e-6;
const ABSOLUTE = 1e-9;

function diffArms(what: string, expected: readonly number[], actual: readonly number[]): string[] {
  if (expected.length !== actual.length) return [`${what}: expected ${expected.length} arms, got ${actual.length}`];
  return expected.flatMap((value, i) => {
    const tolerance = Math.max(SMALLEST, Math.min(ABSOLUTE, RELATIVE * Math.abs(value)));
    return diffNumber(`${what} of arm ${i + 1}`, value, actual[i]!, tolerance);
  });
}

function diffOne(what: string, expected: number, actual: number): string[] {
  return diffNumber(what, expected, actual, Math.max(SMALLEST, RELATIVE * Math.abs(expected)));
}
