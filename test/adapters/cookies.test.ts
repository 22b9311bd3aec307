import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCookie } from '../../src/adapters/cookies.js';

describe('a cookie', () => {
  it.each([
    ['a=1; id=v; b=2', 'v'],
    ['id=v', 'v'],
    ['  id=  v  ;', 'v'],
    ['x=a id=evil; id=v', 'v'],
    ['x="; id=v', 'v'],
    ['id=;id=v', 'v'],
    ['idid=w; id=v', 'v'],
    ['id="v w"', 'v w'],
    ['id=a%20b', 'a b'],
    ['id=100%; x=1', '100%'],
    ['id=%41%zz%C3%A9%2', 'A%zzé%2'],
    ['id=a=b', 'a=b'],
    ['xid=w; id=v', 'v'],
    ['id', undefined],
    ['ID=v', undefined],
    ['', undefined],
    [';;;=;', undefined],
  ])('in the header %j has the value %j', (header, value) => {
    expect(readCookie(header, 'id')).toBe(value);
  });

  it('uses the first of several with one name that decodes, as browsers do', () => {
    expect(readCookie('id=first; id=second', 'id')).toBe('first');
    expect(readCookie('id=%ff; id=second', 'id')).toBe('second');
    expect(readCookie('id=; id=second', 'id')).toBe('second');
  });

  it('is read only from the first few with its name', () => {
    const many = (count: number) => `${'id=%ff;'.repeat(count)} id=v`;
    expect(readCookie(many(3), 'id')).toBe('v');
    expect(readCookie(many(4), 'id')).toBeUndefined();
    expect(readCookie(`${'x=id=%ff;'.repeat(9)} id=v`, 'id')).toBe('v');
  });

  it('is ignored if it is longer than browsers store', () => {
    expect(readCookie(`id=${'%'.repeat(4_096)}`, 'id')).toHaveLength(4_096);
    expect(readCookie(`id=${'%'.repeat(4_097)}; id=v`, 'id')).toBe('v');
  });

  it('is neither read beyond the size limit of the header nor truncated there', () => {
    const filler = `x=${'x'.repeat(64 * 1024 - 10)}; `;
    expect(readCookie(`id=v; ${filler}`, 'id')).toBe('v');
    expect(readCookie(`${filler}id=0123456789`, 'id')).toBeUndefined();
    expect(readCookie('x'.repeat(1_000_000), 'id')).toBeUndefined();
  });

  it('round-trips any value in the browser’s encoding', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ minLength: 1 }), (value, other) => {
        const header = `before=${encodeURIComponent(other)}; id=${encodeURIComponent(value)}; after=1`;
        expect(readCookie(header, 'id')).toBe(value);
      }),
    );
  });
});
