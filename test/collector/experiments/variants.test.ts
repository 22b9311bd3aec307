import { describe, expect, it } from 'vitest';
import {
  describeVariantsProblem,
  resolveVariants,
  type VariantConfig,
} from '../../../src/collector/experiments/variants.js';

describe('the weights of variants', () => {
  it.each<[string, VariantConfig[], number[]]>([
    ['are even when none is stated', [{ name: 'C' }, { name: 'T' }, { name: 'U' }, { name: 'V' }], [25, 25, 25, 25]],
    ['leave the control the rest', [{ name: 'C' }, { name: 'T', weight: 7 }, { name: 'U', weight: 33 }], [60, 7, 33]],
    [
      'leave the rest to the control',
      [
        { name: 'C', weight: 99 },
        { name: 'T', isControl: true },
      ],
      [99, 1],
    ],
    [
      'leave the rest evenly to those without one',
      [{ name: 'C', weight: 40 }, { name: 'T' }, { name: 'U', weight: 20 }, { name: 'V' }],
      [40, 20, 20, 20],
    ],
    ['may be all on one', [{ name: 'C', weight: 100 }, { name: 'T' }], [100, 0]],
    ['of a single variant are all', [{ name: 'C' }], [100]],
  ])('%s', (_, variants, percents) => {
    expect(describeVariantsProblem(variants)).toBeUndefined();
    expect(resolveVariants(variants).map(({ share }) => Number((share * 100).toFixed(10)))).toEqual(percents);
  });

  it('add up to 1 despite rounding', () => {
    const thirds = ['C', 'T', 'U'].map((name) => ({ name, weight: 33.3333333 }));
    expect(describeVariantsProblem(thirds)).toBeUndefined();
    expect(resolveVariants(thirds).reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 14);
  });

  it('may leave the control one percent', () => {
    const parts = [33.3, 65.7].map((weight) => ({ name: String(weight), weight }));
    expect(describeVariantsProblem([{ name: 'C' }, ...parts])).toBeUndefined();
  });
});

describe('the control', () => {
  it.each<[string, VariantConfig[], string]>([
    ['is the first variant', [{ name: 'C' }, { name: 'T' }], 'C'],
    ['is the variant with isControl: true', [{ name: 'C' }, { name: 'T', isControl: true }], 'T'],
    ['is not a variant with isControl: false', [{ name: 'C', isControl: false }, { name: 'T' }], 'T'],
  ])('%s', (_, variants, name) => {
    expect(resolveVariants(variants).filter(({ isControl }) => isControl)).toMatchObject([{ name }]);
  });
});
