import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { hashKey } from '../../src/assignment/exposure-key.js';

it('is the SHA-256 of all parts in hex', async () => {
  const expected = createHash('sha256').update('["token","exposure","v"]').digest('hex');
  expect(await hashKey('token', 'exposure', 'v')).toBe(expected);
  expect(await hashKey('token', 'exposurev')).not.toBe(expected);
});
