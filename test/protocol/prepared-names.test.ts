import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fromBytes } from '../../src/protocol/bytes.js';
import type { PreparedName } from '../../src/protocol/prepared-names.js';

let prepareName: (text: string) => PreparedName | undefined;
let openByteRow: typeof import('../../src/protocol/json-bytes.js').openByteRow;

beforeEach(async () => {
  vi.resetModules();
  ({ prepareName } = await import('../../src/protocol/prepared-names.js'));
  ({ openByteRow } = await import('../../src/protocol/json-bytes.js'));
});

function bytesOf({ words, length }: PreparedName): string {
  const view = new DataView(new ArrayBuffer(words.length * 4));
  words.forEach((word, at) => {
    view.setInt32(at * 4, word, true);
  });
  return fromBytes(new Uint8Array(view.buffer, 0, length));
}

describe('a prepared name', () => {
  it.each(['', 'a', 'abc', 'plan', 'currency', 'say "hi"', 'naïve', '😀', '\ud800', 'line\nbreak'])(
    'is %j as JSON, with its colon',
    (text) => {
      expect(bytesOf(prepareName(text)!)).toBe(`${JSON.stringify(text.toWellFormed())}:`);
    },
  );

  it('is prepared once', () => {
    expect(prepareName('plan')).toBe(prepareName('plan'));
  });

  it('is not kept for a long name, or for more than a thousand', () => {
    expect(prepareName('x'.repeat(65))).toBeUndefined();
    for (let at = 0; at < 1_000; at += 1) expect(prepareName(`name ${at}`)).toBeDefined();
    expect(prepareName('one more')).toBeUndefined();
    expect(prepareName('name 7')).toBeDefined();
  });
});

describe('rows', () => {
  function write(names: readonly string[]): string {
    const row = openByteRow(Number.POSITIVE_INFINITY);
    for (const name of names) row.put(name, 1);
    return fromBytes(row.finish());
  }

  it('have their own names, whatever the rows before them had, and in whatever order', () => {
    const kinds = [['a', 'b', 'c'], ['a', 'c'], ['c', 'b', 'a'], [], ['b', 'a', 'é', 'c'], ['a', 'b', 'c']];
    for (const names of [...kinds, ...kinds]) {
      expect(write(names)).toBe(JSON.stringify(Object.fromEntries(names.map((name) => [name, 1]))));
    }
  });

  it('have all their names where there are more than are prepared', () => {
    const names = Array.from({ length: 1_500 }, (_, at) => `name ${at}`);
    for (const _ of [1, 2]) {
      expect(write(names)).toBe(JSON.stringify(Object.fromEntries(names.map((name) => [name, 1]))));
    }
  });
});
