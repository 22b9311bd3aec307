import { expect, it } from 'vitest';
import { better, VERDICTS } from '../../../src/collector/measuring/verdict.js';

it('the better of two verdicts is the one that comes later in their order', () => {
  for (const [i, left] of VERDICTS.entries()) {
    for (const [j, right] of VERDICTS.entries()) expect(better(left, right)).toBe(VERDICTS[Math.max(i, j)]);
  }
});
