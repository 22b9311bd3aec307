import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromBytes, joinBytes, toBytes } from '../../src/protocol/bytes.js';

it('a text comes back from its bytes as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(fromBytes(toBytes(text))).toBe(text);
    }),
  );
});

it('a list of texts is joined by commas between head and tail, none included', () => {
  const texts = fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 });
  fc.assert(
    fc.property(fc.string(), texts, fc.string({ minLength: 1 }), (head, items, tail) => {
      expect(fromBytes(joinBytes(head, items.map(toBytes), tail))).toBe(head + items.join(',') + tail);
    }),
  );
});

it('items side by side in memory are joined as any others, whatever is between them', () => {
  const items = fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 4 }), fc.constantFrom(',', ';', '', ',,')));
  fc.assert(
    fc.property(items, (pairs) => {
      const memory = toBytes(`,${pairs.flat().join('')}`);
      let at = 1;
      const views = pairs.map(([text, between]) => {
        const { length } = toBytes(text);
        const view = memory.subarray(at, at + length);
        at += length + between.length;
        return view;
      });
      expect(fromBytes(joinBytes('[', views, ']'))).toBe(`[${pairs.map(([text]) => text).join(',')}]`);
    }),
  );
});
