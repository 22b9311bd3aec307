import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareArms, hasEnoughData } from '../../../src/collector/measuring/bayes.js';
import { type Arm, interval95 } from '../../../src/collector/measuring/posterior.js';
import { bayesCases } from '../../fixtures-run/bayes-format.js';
import { moreBayesCases } from './more-bayes-cases.js';

const published = JSON.parse(readFileSync(new URL('../../fixtures/bayes.json', import.meta.url), 'utf8'));

describe('every number of the comparison', () => {
  it.each([...bayesCases(published), ...bayesCases(moreBayesCases)])(
    'agrees with arithmetic of many digits: $name',
    ({ differences }) => {
      expect(differences()).toEqual([]);
    },
  );
});

/** From no impressions to a million. In a third of the arms, none or all converted. */
const arm = fc
  .record({
    impressions: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 1_000_000 })),
    rate: fc.oneof(
      fc.constantFrom(0, 1),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0.04, max: 0.06, noNaN: true }),
    ),
  })
  .map(({ impressions, rate }): Arm => ({ impressions, conversions: Math.round(impressions * rate) }));

const arms = fc.array(arm, { minLength: 2, maxLength: 10 });

/** Only a few, because ten distant arms take a tenth of a second. */
const RUNS = { numRuns: 30 };

const meanOf = ({ conversions, impressions }: Arm): number => (conversions + 1) / (impressions + 2);

function spreadOf(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

describe('the comparison of variants', () => {
  it('gives probabilities that add up to one', () => {
    fc.assert(
      fc.property(arms, (some) => {
        const { probabilityToBeBest } = compareArms(some);
        const sum = probabilityToBeBest.reduce((total, probability) => total + probability, 0);
        expect(Math.abs(sum - 1)).toBeLessThan(1e-11);
      }),
      RUNS,
    );
  });

  it('gives losses that add up to the same best rate for every arm', () => {
    fc.assert(
      fc.property(arms, (some) => {
        const { expectedLoss } = compareArms(some);
        expect(spreadOf(some.map((one, i) => meanOf(one) + expectedLoss[i]!))).toBeLessThan(1e-11);
        expect(Math.min(...expectedLoss)).toBeGreaterThanOrEqual(0);
      }),
      RUNS,
    );
  });

  it('does not depend on the order of the arms', () => {
    const shuffled = arms.chain((some) => {
      const places = some.map((_, place) => place);
      return fc.tuple(
        fc.constant(some),
        fc.shuffledSubarray(places, { minLength: some.length, maxLength: some.length }),
      );
    });
    fc.assert(
      fc.property(shuffled, ([some, order]) => {
        const straight = compareArms(some);
        const other = compareArms(order.map((place) => some[place]!));
        order.forEach((place, i) => {
          expectSame(other.probabilityToBeBest[i]!, straight.probabilityToBeBest[place]!);
          expectSame(other.expectedLoss[i]!, straight.expectedLoss[place]!);
        });
      }),
      RUNS,
    );
  });

  it('prefers none of identical arms', () => {
    fc.assert(
      fc.property(arm, fc.integer({ min: 2, max: 10 }), (one, count) => {
        const { probabilityToBeBest } = compareArms(Array.from({ length: count }, () => one));
        for (const probability of probabilityToBeBest) expect(probability).toBeCloseTo(1 / count, 12);
      }),
      RUNS,
    );
  });

  it('agrees with the closed formula for two arms, even in the far tails', () => {
    const small = fc.nat(150).chain((impressions) => {
      return fc.record({ impressions: fc.constant(impressions), conversions: fc.nat(impressions) });
    });
    fc.assert(
      fc.property(small, small, (a, b) => {
        const { probabilityToBeBest } = compareArms([a, b]);
        expect(Math.abs(probabilityToBeBest[1]! / chanceToBeat(a, b) - 1)).toBeLessThan(1e-10);
      }),
    );
  });

  it('needs 100 impressions, 5 conversions and 5 visitors without one in every arm', () => {
    const enough = { conversions: 5, impressions: 100 };
    expect(hasEnoughData([enough, enough])).toBe(true);
    expect(hasEnoughData([enough, { conversions: 5, impressions: 99 }])).toBe(false);
    expect(hasEnoughData([enough, { conversions: 4, impressions: 100 }])).toBe(false);
    expect(hasEnoughData([{ conversions: 96, impressions: 100 }, enough])).toBe(false);
  });
});

/** Almost to full precision: another order of the arms sums the terms in another order. */
function expectSame(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-12 * Math.abs(expected));
}

/**
 * The probability that `b` is better than `a`: Σ of B(αₐ + i, βₐ + βᵦ) / ((βᵦ + i) B(1 + i, βᵦ) B(αₐ, βₐ)) for i < αᵦ.
 * All terms are positive, and each follows from the one before; in logarithms, as the first may be next to nothing.
 */
function chanceToBeat(a: Arm, b: Arm): number {
  const [alphaA, betaA] = [a.conversions + 1, a.impressions - a.conversions + 1];
  const [alphaB, betaB] = [b.conversions + 1, b.impressions - b.conversions + 1];
  let term = 0;
  for (let k = 0; k < alphaA; k++) term += Math.log((betaA + k) / (betaA + betaB + k));
  let sum = 0;
  for (let i = 0; i < alphaB; i++) {
    sum += Math.exp(term);
    term += Math.log(((alphaA + i) / (alphaA + betaA + betaB + i)) * ((betaB + i) / (i + 1)));
  }
  return sum;
}

describe('invalid counts', () => {
  const good: Arm = { conversions: 1, impressions: 10 };

  it.each<[string, Arm]>([
    ['more conversions than impressions', { conversions: 11, impressions: 10 }],
    ['fewer than none', { conversions: -1, impressions: 10 }],
    ['a fraction', { conversions: 0.5, impressions: 10 }],
    ['no number', { conversions: Number.NaN, impressions: 10 }],
    ['infinitely many', { conversions: 1, impressions: Number.POSITIVE_INFINITY }],
    ['nothing', {} as Arm],
  ])('throw an error with the values: %s', (_, bad) => {
    const thrown = expect.objectContaining({
      code: 'invalid_option',
      message: `an arm's conversions must be an integer from 0 to its impressions; got ${bad.conversions} of ${bad.impressions}.`,
    });
    expect(() => compareArms([good, bad])).toThrow(thrown);
    expect(() => interval95(bad)).toThrow(thrown);
  });
});
