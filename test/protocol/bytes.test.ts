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
