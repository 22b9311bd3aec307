import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { hashKey, hashVisitor, keyPrefix } from '../../src/assignment/exposure-key.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

it('hashes the visitor and the whole key: two halves of a SHA-256 in hex', async () => {
  const key = `${keyPrefix('v')}["checkout","1"]`;
  const visitor = sha256(JSON.stringify(['token', '"v"\n']));
  expect(await hashKey('token', 'exposure', key)).toBe(visitor + sha256(JSON.stringify(['token', 'exposure', key])));
  expect(await hashVisitor('token', 'v')).toBe(visitor);
});

it('begins with the visitor alone, whatever characters the id has', () => {
  expect(keyPrefix('a\nb')).toBe('"a\\nb"\n');
  expect(keyPrefix('v1').startsWith(keyPrefix('v'))).toBe(false);
});
