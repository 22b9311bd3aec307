import { expect, it } from 'vitest';
import { createExpiringCache } from '../../src/assignment/expiring-cache.js';

it('removes an entry after its own time and not before; setting it again restarts the time', () => {
  let now = 0;
  const cache = createExpiringCache<string>(10, () => now);
  cache.set('a', 'first', 100);
  now = 99;
  expect(cache.get('a')).toBe('first');
  now = 100;
  expect(cache.get('a')).toBeUndefined();
  now = 50;
  expect(cache.get('a'), 'it does not come back').toBeUndefined();
  cache.set('a', 'second', 100);
  now = 149;
  expect(cache.get('a')).toBe('second');
});

it('holds the maximum number of entries, and then removes the one set least recently', () => {
  const cache = createExpiringCache<number>(3, () => 0);
  for (const [value, key] of ['a', 'b', 'c', 'a'].entries()) cache.set(key, value, 100);
  expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([3, 1, 2]);
  cache.set('d', 4, 100);
  expect(['a', 'b', 'c', 'd'].map((key) => cache.get(key))).toEqual([3, undefined, 2, 4]);
});
