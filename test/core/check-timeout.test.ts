import { expect, it } from 'vitest';
import { checkTimeout } from '../../src/core/check-timeout.js';

it('the limit of a wait is a number of milliseconds, or none', () => {
  for (const timeoutMs of [undefined, 0, 0.5, 5_000, Number.POSITIVE_INFINITY]) {
    expect(checkTimeout(timeoutMs)).toBeUndefined();
  }
  for (const timeoutMs of [Number.NaN, -1, '5000', null, {}]) {
    expect(checkTimeout(timeoutMs)?.message).toMatch(/^timeoutMs must be a number of milliseconds; got .+\.$/);
  }
});
