import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareArms, hasEnoughData } from '../../src/collector/measuring/bayes.js';
import { interval95 } from '../../src/collector/measuring/posterior.js';
import { sampleRatioP } from '../../src/collector/measuring/sample-ratio.js';

interface Case {
  readonly name: string;
  readonly arms: [number, number][];
  readonly probabilityToBeBest: number[];
  readonly expectedLoss: number[];
}

const fixtures = JSON.parse(readFileSync(new URL('../fixtures/bayes.json', import.meta.url), 'utf8')) as {
  cases: Case[];
  interval95: { arm: [number, number]; low: number; high: number }[];
  srm: { counts: number[]; split: number[]; p: number }[];
};

const armOf = ([conversions, impressions]: [number, number]) => ({ conversions, impressions });

function expectClose(actual: number, expected: number, relative = 1e-6): void {
  expect(Math.abs(actual - expected), `${actual} for ${expected}`).toBeLessThanOrEqual(
    Math.min(1e-9, relative * expected),
  );
}

describe('the comparison of variants', () => {
  it.each(fixtures.cases)('agrees with 40-digit arithmetic: $name', ({ arms, probabilityToBeBest, expectedLoss }) => {
    const comparison = compareArms(arms.map(armOf));
    arms.forEach((_, i) => {
      expectClose(comparison.probabilityToBeBest[i]!, probabilityToBeBest[i]!);
      expectClose(comparison.expectedLoss[i]!, expectedLoss[i]!);
    });
  });

  it.each(fixtures.cases)('gives probabilities that add up to one: $name', ({ arms }) => {
    const { probabilityToBeBest } = compareArms(arms.map(armOf));
    const sum = probabilityToBeBest.reduce((total, probability) => total + probability, 0);
    expect(Math.abs(sum - 1)).toBeLessThan(1e-12);
  });

  it('does not depend on the order of the arms', () => {
    const arms = [
      { conversions: 3, impressions: 40 },
      { conversions: 900, impressions: 9000 },
      { conversions: 0, impressions: 1 },
    ];
    const forwards = compareArms(arms).probabilityToBeBest;
    const backwards = compareArms(arms.toReversed()).probabilityToBeBest.toReversed();
    forwards.forEach((probability, i) => {
      expectClose(backwards[i]!, probability, 1e-12);
    });
  });

  it('calls the data too thin until every arm has 100 impressions, 5 conversions and 5 visitors who did not', () => {
    const enough = { conversions: 5, impressions: 100 };
    expect(hasEnoughData([enough, enough])).toBe(true);
    expect(hasEnoughData([enough, { conversions: 5, impressions: 99 }])).toBe(false);
    expect(hasEnoughData([enough, { conversions: 4, impressions: 100 }])).toBe(false);
    expect(hasEnoughData([{ conversions: 96, impressions: 100 }, enough])).toBe(false);
  });
});

describe('what stands beside it', () => {
  it.each(fixtures.interval95)('is the equal-tailed 95 % interval of $arm', ({ arm, low, high }) => {
    const interval = interval95(armOf(arm));
    expect(Math.abs(interval.low / low - 1)).toBeLessThan(1e-6);
    expect(Math.abs(interval.high / high - 1)).toBeLessThan(1e-6);
  });

  it.each(fixtures.srm)('is the p value of a split of $counts', ({ counts, split, p }) => {
    expect(Math.abs(sampleRatioP(counts, split) / p - 1)).toBeLessThan(1e-6);
  });

  it('is a p value also for more than two variants', () => {
    // With two degrees of freedom the tail is exp(-χ²/2), here of 2·(10²/100).
    expect(sampleRatioP([110, 90, 100], [1 / 3, 1 / 3, 1 / 3])).toBeCloseTo(Math.exp(-1), 12);
    expect(sampleRatioP([0, 0], [0.5, 0.5])).toBe(1);
  });
});
