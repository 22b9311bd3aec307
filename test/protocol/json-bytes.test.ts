import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBytes } from '../../src/protocol/bytes.js';
import { toJson } from '../../src/protocol/json.js';
import { openByteRow } from '../../src/protocol/json-bytes.js';
import { openJsonRow } from '../../src/protocol/json-row.js';
import { type MapWriter, type RowWriter, type Scalar, TOO_LARGE } from '../../src/protocol/row-writer.js';

type JsonMap = Readonly<Record<string, unknown>>;

const text = (): fc.Arbitrary<string> => fc.oneof(fc.string(), fc.string({ unit: 'binary' }), lonely(), long());
/** Strings with halves of surrogate pairs, which UTF-8 cannot hold. */
const lonely = (): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 }).map((units) => String.fromCharCode(...units));
/** Strings that are written by a native call, plain but for one place. */
const long = (): fc.Arbitrary<string> =>
  fc
    .tuple(fc.integer({ min: 40, max: 300 }), fc.integer({ min: 0, max: 300 }), lonely())
    .map(([length, at, odd]) => 'x'.repeat(Math.min(at, length)) + odd + 'y'.repeat(Math.max(0, length - at)));
const scalar = fc.oneof(text(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null));
const row = fc.letrec<{ map: Record<string, unknown> }>((tie) => ({
  map: fc.dictionary(text(), fc.oneof({ depthSize: 'small' }, scalar, tie('map'))),
})).map;

function fill(writer: MapWriter, map: JsonMap): void {
  for (const [name, value] of Object.entries(map)) {
    if (typeof value !== 'object' || value === null) {
      writer.put(name, value as Scalar);
      continue;
    }
    writer.open(name);
    fill(writer, value as JsonMap);
    writer.close();
  }
}

describe.each([
  ['as JSON bytes', openByteRow],
  ['as a JSON string', openJsonRow],
])('a row written %s', (_how, openRow: (maxBytes: number) => RowWriter) => {
  function write(map: JsonMap): Uint8Array {
    const writer = openRow(Number.POSITIVE_INFINITY);
    fill(writer, map);
    return writer.finish();
  }

  it('is what toJson makes of it, byte by byte', () => {
    fc.assert(
      fc.property(row, (map) => {
        expect(fromBytes(write(map))).toBe(toJson(map));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['minus zero', { a: -0 }],
    ['a large and a small number', { a: 1e21, b: 5e-324 }],
    ['nothing at all', {}],
    ['a map of nothing inside', { a: {}, b: { c: {} } }],
    ['every character of one byte', { a: Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('') }],
    ['a pair of surrogates and half of one', { a: '😀', b: '\ud83d', c: '\udc00é' }],
    ['the last code unit', { '\uffff': '\uffff' }],
    ['commas at the ends of values', { a: ',', b: { c: ',' } }],
  ])('also of %s', (_what, map) => {
    expect(fromBytes(write(map))).toBe(toJson(map));
  });

  it.each(Array.from({ length: 128 }, (_, code) => code))(
    'escapes the character %i anywhere in a long string',
    (code) => {
      for (let at = 0; at < 12; at += 1) {
        const value = `${'x'.repeat(120 + at)}${String.fromCharCode(code)}${'y'.repeat(11 - at)}`;
        expect(fromBytes(write({ value }))).toBe(toJson({ value }));
      }
    },
  );

  it('leaves out a map that is discarded, with what is in it', () => {
    fc.assert(
      fc.property(row, row, row, (before, discarded, after) => {
        const writer = openRow(Number.POSITIVE_INFINITY);
        writer.open('a');
        fill(writer, before);
        writer.open('b');
        fill(writer, discarded);
        writer.discard();
        fill(writer, after);
        writer.close();
        expect(JSON.parse(fromBytes(writer.finish()))).toEqual(JSON.parse(toJson({ a: merged(before, after) })));
      }),
    );
  });

  it('stays as it is while others are written, short or as long as several slabs', () => {
    const huge = fc
      .integer({ min: 0, max: 200_000 })
      .map((length) => ({ é: 'x'.repeat(length), ü: 'ü'.repeat(length / 8) }));
    fc.assert(
      fc.property(fc.array(fc.oneof(row, huge), { minLength: 2, maxLength: 20, size: 'max' }), (maps) => {
        const written = maps.map((map) => write(map));
        expect(written.map((bytes) => fromBytes(bytes))).toEqual(maps.map((map) => toJson(map)));
      }),
      { numRuns: 50 },
    );
  });

  it('refuses a value that is longer than the row may be', () => {
    expect(() => openRow(100).put('file', 'x'.repeat(101))).toThrow(TOO_LARGE);
  });

  it('grows no further once it is longer than it may be', () => {
    const writer = openRow(10_000);
    let puts = 0;
    const fill = () => {
      for (; puts < 10_000; puts++) writer.put(`name ${puts}`, 'x'.repeat(90));
    };
    expect(fill).toThrow(TOO_LARGE);
    expect(puts).toBeLessThan(1_000);
  });

  it('is not touched by a row that is written meanwhile', () => {
    const outer = openRow(Number.POSITIVE_INFINITY);
    outer.put('a', 1);
    const inner = write({ b: 'inner' });
    outer.put('c', 2);
    const another = write({ d: 'another' });
    expect([outer.finish(), inner, another].map((bytes) => fromBytes(bytes))).toEqual([
      '{"a":1,"c":2}',
      '{"b":"inner"}',
      '{"d":"another"}',
    ]);
  });
});

/** What a reader of JSON makes of members with the same name: the last one counts. */
function merged(before: JsonMap, after: JsonMap): JsonMap {
  return Object.fromEntries([...Object.entries(before), ...Object.entries(after)]);
}

it('a row of any size leaves no memory to the rows after it', () => {
  const large = openByteRow(Number.POSITIVE_INFINITY);
  large.put('file', 'x'.repeat(10_000_000));
  expect(large.finish().length).toBeGreaterThan(10_000_000);
  const small = openByteRow(Number.POSITIVE_INFINITY);
  small.put('event', 'purchase');
  expect((small.finish() as unknown as Uint8Array).buffer.byteLength).toBeLessThanOrEqual(64 * 1024);
});
