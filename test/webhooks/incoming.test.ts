import { expect, it } from 'vitest';
import { toIncoming } from '../../src/webhooks/incoming.js';

const bytes = new TextEncoder().encode('\ufeff{"é":1}');

it('has a raw body as a string and as bytes, including a byte order mark', () => {
  expect(toIncoming({ body: bytes, headers: {} })).toEqual({ body: '\ufeff{"é":1}', bytes, headers: {} });
  expect(toIncoming({ body: '\ufeff{"é":1}', headers: {} })?.bytes).toEqual(bytes);
});

it.each([[undefined], [null], [{ parsed: true }], [7]])('rejects the body %j, which is not raw', (body) => {
  expect(toIncoming({ body, headers: {} })).toBeUndefined();
});

it('has headers by their lower-case names, from Headers or any object', () => {
  const expected = { 'x-one': 'a', 'x-list': 'b, c' };
  expect(toIncoming({ body: '', headers: new Headers({ 'X-One': 'a', 'X-List': 'b, c' }) })?.headers).toEqual(expected);
  const odd = { 'X-One': 'a', 'X-List': ['b', 'c'], 'x-none': undefined, 'x-null': null, 'x-number': 7 };
  expect(toIncoming({ body: '', headers: odd as never })?.headers).toEqual(expected);
  // As some servers have them, but not a kind that is supported: the signature is missing, and nothing throws.
  const pairs = [['x-one', 'a']];
  expect(toIncoming({ body: '', headers: pairs as never })?.headers).toEqual({});
  expect(toIncoming({ body: '', headers: null })?.headers).toEqual({});
  expect(toIncoming({ body: '', headers: undefined })?.headers).toEqual({});
});
