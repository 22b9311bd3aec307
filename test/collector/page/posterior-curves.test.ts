import { describe, expect, it } from 'vitest';
import { posteriorCurves } from '../../../src/collector/page/posterior-curves.js';

describe('the posterior curves', () => {
  const area = (x: readonly number[], y: readonly number[]): number =>
    x.slice(1).reduce((sum, to, i) => sum + ((to - x[i]!) * (y[i]! + y[i + 1]!)) / 2, 0);

  it.each([
    [
      'alike',
      [
        { impressions: 1000, conversions: 100 },
        { impressions: 1000, conversions: 120 },
      ],
    ],
    [
      'a narrow one next to a wide one',
      [
        { impressions: 1e7, conversions: 1e6 },
        { impressions: 4, conversions: 2 },
      ],
    ],
    [
      'none and all converted',
      [
        { impressions: 50, conversions: 0 },
        { impressions: 50, conversions: 50 },
      ],
    ],
    [
      'without impressions',
      [
        { impressions: 0, conversions: 0 },
        { impressions: 0, conversions: 0 },
      ],
    ],
  ])('have an area of 1: %s', (_, arms) => {
    const { rates, densities } = posteriorCurves(arms);
    expect(rates).toEqual([...rates].sort((a, b) => a - b));
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...rates)).toBeLessThanOrEqual(1);
    for (const density of densities) expect(area(rates, density)).toBeCloseTo(1, 1);
  });
});
