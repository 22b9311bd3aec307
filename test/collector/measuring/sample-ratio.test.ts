import { describe, expect, it } from 'vitest';
import { MISMATCH_BELOW_P, sampleRatioP } from '../../../src/collector/measuring/sample-ratio.js';

describe('the sample ratio test', () => {
  it.each([
    // χ² = 3.841459 with one degree of freedom, and 5.991465 with two, are the tabulated 5 % points.
    ['two variants', [5_098, 4_902], 0.05],
    ['three variants', [10_200, 10_000, 9_800], Math.exp(-8 / 2)],
  ])('gives the p value of %s', (_, counts, expected) => {
    const split = counts.map(() => 1 / counts.length);
    expect(sampleRatioP(counts, split)).toBeCloseTo(expected, 3);
  });

  it('is 1 for the exact split, without counts, and for a single variant', () => {
    expect(sampleRatioP([50, 50], [0.5, 0.5])).toBeCloseTo(1, 12);
    expect(sampleRatioP([0, 0], [0.5, 0.5])).toBe(1);
    expect(sampleRatioP([7], [1])).toBe(1);
  });

  it('leaves out variants with a weight of 0', () => {
    expect(sampleRatioP([60, 40, 3], [0.5, 0.5, 0])).toBe(sampleRatioP([60, 40], [0.5, 0.5]));
    expect(sampleRatioP([10, 3], [1, 0])).toBe(1);
    // With such a small share, the probability of its visitor is below the smallest double.
    expect(sampleRatioP([0, 1], [1, 1e-310])).toBe(0);
  });

  it('has a closed form for three variants', () => {
    // With two degrees of freedom the tail is exp(-χ²/2), here of 2·(10²/100).
    expect(sampleRatioP([110, 90, 100], [1 / 3, 1 / 3, 1 / 3])).toBeCloseTo(Math.exp(-1), 12);
  });

  it('calls a split with one in a thousand by chance a mismatch', () => {
    expect(sampleRatioP([5_200, 4_800], [0.5, 0.5])).toBeLessThan(MISMATCH_BELOW_P);
    expect(sampleRatioP([5_150, 4_850], [0.5, 0.5])).toBeGreaterThan(MISMATCH_BELOW_P);
  });
});
