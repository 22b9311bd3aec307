import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketOf, variantOf } from '../../../src/collector/experiments/bucketing.js';
import { sampleRatioP } from '../../../src/collector/measuring/sample-ratio.js';

const experiment = {
  key: 'checkout',
  allocation: 1,
  variants: [
    { name: 'C', share: 0.5 },
    { name: 'T', share: 0.3 },
    { name: 'U', share: 0.2 },
  ],
};

const shares = experiment.variants.map(({ share }) => share);
const MILLION = 1_000_000;

describe('bucketing', () => {
  it('splits a million visitors by the weights', () => {
    const counts = new Map(experiment.variants.map(({ name }) => [name, 0]));
    for (let i = 0; i < MILLION; i++) {
      const { name } = variantOf(experiment, `visitor-${i}`)!;
      counts.set(name, counts.get(name)! + 1);
    }
    expect(sampleRatioP([...counts.values()], shares)).toBeGreaterThan(0.001);
  }, 300_000);

  it('splits the visitors of one variant of one experiment evenly in another', () => {
    const counts = [0, 0];
    for (let i = 0; i < 100_000; i++) {
      if (bucketOf('first', `visitor-${i}`) < 0.5) counts[bucketOf('second', `visitor-${i}`) < 0.5 ? 0 : 1]! += 1;
    }
    expect(sampleRatioP(counts, [0.5, 0.5])).toBeGreaterThan(0.001);
  });

  it('gives a visitor the same variant every time, on every machine', () => {
    const variants = ['a', 'b', 'c', 'd', 'e', 'ü'].map((visitor) => variantOf(experiment, visitor)?.name).join('');
    expect(variants).toBe('CCTTTT');
  });

  it('does not reassign visitors when the allocation grows', () => {
    const allocation = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.string(), allocation, allocation, (visitor, a, b) => {
        const before = variantOf({ ...experiment, allocation: Math.min(a, b) }, visitor);
        const after = variantOf({ ...experiment, allocation: Math.max(a, b) }, visitor);
        return before === undefined || before === after;
      }),
    );
  });

  it('includes the allocated share of visitors, split by the weights', () => {
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 100_000; i++) {
      const variant = variantOf({ ...experiment, allocation: 0.4 }, `visitor-${i}`);
      counts[variant === undefined ? 3 : experiment.variants.indexOf(variant)]! += 1;
    }
    expect(sampleRatioP(counts, [...shares.map((share) => share * 0.4), 0.6])).toBeGreaterThan(0.001);
  });

  it('includes no visitors at 0 and all at 1', () => {
    fc.assert(
      fc.property(fc.string(), (visitor) => {
        expect(variantOf({ ...experiment, allocation: 0 }, visitor)).toBeUndefined();
        expect(variantOf(experiment, visitor)).toBeDefined();
      }),
    );
  });
});
