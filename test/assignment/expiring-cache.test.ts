import { expect, it } from 'vitest';
import { createExpiringCache } from '../../src/assignment/expiring-cache.js';

it('forgets an entry when its own time is over, and not before; setting it again begins anew', () => {
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

it('holds as many entries as it may, and above that forgets the one that was set least recently', () => {
  const cache = createExpiringCache<number>(3, () => 0);
  for (const [value, key] of ['a', 'b', 'c', 'a'].entries()) cache.set(key, value, 100);
  expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([3, 1, 2]);
  cache.set('d', 4, 100);
  expect(['a', 'b', 'c', 'd'].map((key) => cache.get(key))).toEqual([3, undefined, 2, 4]);
});
