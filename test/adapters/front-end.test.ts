import { expect, it } from 'vitest';
import { splitHops } from '../../src/adapters/front-end.js';

it.each([
  [undefined, undefined, undefined],
  [null, undefined, undefined],
  ['', undefined, undefined],
  ['203.0.113.7', '203.0.113.7', undefined],
  ['9.9.9.9, 203.0.113.7', '203.0.113.7', '9.9.9.9'],
  ['8.8.8.8,9.9.9.9 ,203.0.113.7:5000', '203.0.113.7:5000', '8.8.8.8,9.9.9.9 '],
])('of %j the front end appended %j after %j', (forwardedFor, last, before) => {
  expect(splitHops(forwardedFor)).toEqual({ last, before });
});
