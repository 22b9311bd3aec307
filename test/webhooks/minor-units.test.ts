import { expect, it } from 'vitest';
import { fromMinorUnits } from '../../src/webhooks/minor-units.js';

it.each([
  [4_900, 'usd', 49],
  [4_900, 'USD', 49],
  [7_300, 'jpy', 7_300],
  [15_250, 'kwd', 15.25],
  [500, 'isk', 5],
  [0, 'eur', 0],
])('%d %s are %d', (amount, currency, value) => {
  expect(fromMinorUnits(amount, currency)).toBe(value);
});
