import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBytes } from '../../src/protocol/bytes.js';
import { toJson } from '../../src/protocol/json.js';
import { toJsonBytes } from '../../src/protocol/json-bytes.js';

const text = (): fc.Arbitrary<string> => fc.oneof(fc.string(), fc.string({ unit: 'binary' }), lonely());
/** Strings with halves of surrogate pairs, which UTF-8 cannot hold. */
const lonely = (): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 }).map((units) => String.fromCharCode(...units));
const scalar = fc.oneof(text(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null));
const row = fc.letrec<{ map: Record<string, unknown> }>((tie) => ({
  map: fc.dictionary(text(), fc.oneof({ depthSize: 'small' }, scalar, fc.constant(undefined), tie('map'))),
})).map;

describe('a row written as JSON bytes', () => {
  it('is what toJson makes of it, byte by byte', () => {
    fc.assert(
      fc.property(row, (map) => {
        expect(fromBytes(toJsonBytes(map))).toBe(toJson(map));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['minus zero', { a: -0 }],
    ['a large and a small number', { a: 1e21, b: 5e-324 }],
    ['nothing at all', {}],
    ['nothing but undefined', { a: undefined }],
    ['a map of nothing inside', { a: {}, b: { c: undefined } }],
    ['every character of one byte', { a: Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('') }],
    ['a pair of surrogates and half of one', { a: '😀', b: '\ud83d' }],
    ['the last code unit', { '\uffff': '\uffff' }],
  ])('also of %s', (_what, map) => {
    expect(fromBytes(toJsonBytes(map))).toBe(toJson(map));
  });

  it('leaves out what an enumerable property of Object.prototype would add', () => {
    Object.defineProperty(Object.prototype, 'polluted', { value: 'x', enumerable: true, configurable: true });
    const json = fromBytes(toJsonBytes({ a: 'b' }));
    delete (Object.prototype as { polluted?: string }).polluted;
    expect(json).toBe('{"a":"b"}');
  });

  it('stays as it is while others are written, short or as long as several slabs', () => {
    const long = fc
      .integer({ min: 0, max: 200_000 })
      .map((length) => ({ é: 'x'.repeat(length), ü: 'ü'.repeat(length / 8) }));
    fc.assert(
      fc.property(fc.array(fc.oneof(row, long), { minLength: 2, maxLength: 20, size: 'max' }), (maps) => {
        const written = maps.map(toJsonBytes);
        expect(written.map(fromBytes)).toEqual(maps.map((map) => toJson(map)));
      }),
      { numRuns: 50 },
    );
  });
});
