import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMs } from '../../src/delivery/backoff.js';

const most = (): number => 1;

it('the longest wait doubles from half a second to eight', () => {
  expect([1, 2, 3, 4, 5, 6, 50].map((failures) => backoffMs(failures, most))).toEqual([
    500, 1000, 2000, 4000, 8000, 8000, 8000,
  ]);
});

it('the wait is anything from nothing to the longest: clients that failed together come back apart', () => {
  expect(backoffMs(3, () => 0)).toBe(0);
  expect(backoffMs(3, () => 0.5)).toBe(1000);
});

it('the wait stays within its bounds after any number of failures', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, chance) => {
      const ms = backoffMs(failures, () => chance);
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThanOrEqual(8000);
    }),
  );
});
