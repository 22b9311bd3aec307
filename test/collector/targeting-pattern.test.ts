import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern, MAX_MATCHED_LENGTH } from '../../src/collector/experiments/pattern.js';

const atom = fc.constantFrom(
  'a',
  'b',
  '.',
  '[ab]',
  '[^a]',
  '[\\]a]',
  '\\w',
  '\\d',
  '\\u0061',
  '\\x62',
  '\\u{62}',
  '\\/',
);
const edge = fc.constantFrom('^', '$', '\\b', '\\B');
const quantifier = fc.constantFrom('', '', '*', '+', '?', '*?', '{2}', '{0,2}', '{1,}', '{0}', '{2,3}?');
const { pattern: patterns } = fc.letrec<{ pattern: string; group: string }>((tie) => ({
  group: fc.tuple(fc.constantFrom('(', '(?:', '(?<name>'), tie('pattern')).map(([open, inside]) => `${open}${inside})`),
  pattern: fc
    .array(
      fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.tuple(atom, quantifier).map((parts) => parts.join('')),
        edge,
        fc.constant('|'),
        fc.tuple(tie('group'), quantifier).map((parts) => parts.join('')),
      ),
      { maxLength: 5 },
    )
    .map((parts) => parts.join('')),
}));

describe('a pattern', () => {
  it('matches what RegExp matches', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', ' ', '\n', '/', ']', 'é'), maxLength: 8 });
    fc.assert(
      fc.property(patterns, fc.array(text, { minLength: 1, maxLength: 5 }), (source, texts) => {
        const expected = regExp(source);
        // Longer ones may come to more than is taken once their repeats are written out.
        fc.pre(expected !== undefined && source.length <= 24);
        expect(texts.filter(compilePattern(source))).toEqual(texts.filter((text) => expected.test(text)));
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['^.$', true],
    ['^..$', false],
    ['^\\ud83d\\ude00$', true],
    ['^[\\u{1F600}-\\u{1F64F}]$', true],
    ['\\ud83d', false],
  ])('takes 😀 for one character: %s', (source, expected) => {
    expect(compilePattern(source)('😀')).toBe(expected);
  });

  it.each(['^(a+)+$', '^(a|a)*$', '^(a*)*$', '^(a|aa)+$', '^(?:a?){30}a{30}$', '.*.*.*.*.*.*.*b', '((((a*)*)*)*)*b'])(
    'that keeps RegExp busy for years is done in a moment: %s',
    (source) => {
      expect(compilePattern(source)(`${'a'.repeat(MAX_MATCHED_LENGTH - 1)}!`)).toBe(false);
    },
  );

  it.each([
    ['(', 'no regular expression'],
    ['a**', 'no regular expression'],
    ['\\-', 'no regular expression'],
    ['a(?=b)', 'look-around'],
    ['(?<!a)b', 'look-around'],
    ['(a)\\1', 'back-references'],
    ['(?<n>a)\\k<n>', 'back-references'],
    ['((a{100}){100}){100}', '500'],
    ['(){1000000000}', '500'],
  ])('%s is refused with a reason that does not repeat it', (source, reason) => {
    expect(() => compilePattern(source)).toThrow(reason);
    expect(() => compilePattern(source)).not.toThrow(source);
  });

  it('finds nothing in a text no address bar would hold', () => {
    expect(compilePattern('a')('a'.repeat(MAX_MATCHED_LENGTH))).toBe(true);
    expect(compilePattern('a')('a'.repeat(MAX_MATCHED_LENGTH + 1))).toBe(false);
  });
});

function regExp(source: string): RegExp | undefined {
  try {
    return new RegExp(source, 'u');
  } catch {
    return undefined;
  }
}
