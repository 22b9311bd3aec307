import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Arm, edgesOf, interval95, posteriorOf } from '../../../src/collector/measuring/posterior.js';
import { integrate } from '../../../src/collector/measuring/quadrature.js';

/** From no impressions to a million. Often none or all are converted. */
const arm = fc
  .record({ hits: fc.oneof(fc.constant(0), fc.nat(500_000)), misses: fc.oneof(fc.constant(0), fc.nat(500_000)) })
  .map(({ hits, misses }): Arm => ({ conversions: hits, impressions: hits + misses }));

const meanOf = ({ conversions, impressions }: Arm): number => (conversions + 1) / (impressions + 2);

describe('the 95 % interval', () => {
  it('is within 0 and 1, contains the mean, and is mirrored when hits and misses are swapped', () => {
    fc.assert(
      fc.property(arm, (one) => {
        const { low, high } = interval95(one);
        const mirrored = interval95({ ...one, conversions: one.impressions - one.conversions });
        expect(0 <= low && low < meanOf(one) && meanOf(one) < high && high <= 1).toBe(true);
        expect(Math.abs(low + mirrored.high - 1)).toBeLessThan(1e-9);
      }),
    );
  });
});

describe('the panels of a posterior', () => {
  it('are fine enough for the exact mean', () => {
    fc.assert(
      fc.property(arm, (one) => {
        const posterior = posteriorOf(one);
        const edges = edgesOf([posterior]);
        const sum = (f: (rate: number) => number): number =>
          edges.slice(1).reduce((total, edge, i) => total + integrate(f, edges[i]!, edge), 0);
        const mean = sum((rate) => rate * posterior.density(rate)) / sum(posterior.density);
        expect(mean / meanOf(one)).toBeCloseTo(1, 9);
      }),
    );
  });
});
