import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SequenceSet } from '../../src/tracking/sequence-set.js';

it('a set of numbers holds what was added and not deleted, each once', () => {
  const step = fc.record({ isAdd: fc.boolean(), number: fc.nat({ max: 200 }) });
  fc.assert(
    fc.property(fc.array(step, { size: 'max', maxLength: 300 }), fc.nat({ max: 220 }), (steps, last) => {
      const numbers = new SequenceSet();
      const model = new Set<number>();
      for (const { isAdd, number } of steps) {
        if (isAdd) {
          numbers.add(number);
          model.add(number);
        } else {
          expect(numbers.delete(number)).toBe(model.delete(number));
        }
      }
      const expected = [...model].filter((number) => number <= last);
      expect(numbers.upTo(last).toSorted((a, b) => a - b)).toEqual(expected.toSorted((a, b) => a - b));
    }),
  );
});
