import { describe, expect, it } from 'vitest';
import { compilePattern, MAX_MATCHED_LENGTH } from '../../../src/collector/experiments/pattern.js';

describe('a pattern', () => {
  it.each([
    ['^spring', 'spring-sale', true],
    ['^spring', 'late spring', false],
    ['(a|b)+\\d{2}$', 'abba42', true],
    ['^.$', '😀', true],
    ['^\\p{Lu}', 'É', true],
    ['', '', true],
  ])('%s in %s: %s', (source, text, expected) => {
    expect(compilePattern(source)(text)).toBe(expected);
  });

  it.each(['(', '[z-a]', 'a{2,1}', '\\', '*'])(
    'that is not a regular expression is refused without repeating it: %s',
    (source) => {
      expect(() => compilePattern(source)).toThrow(new SyntaxError('not a valid regular expression'));
    },
  );

  it('with catastrophic backtracking matches nothing, and the next one works as usual', () => {
    expect(compilePattern('^(a+)+$')(`${'a'.repeat(40)}!`)).toBe(false);
    expect(compilePattern('^(a+)+$')('aaa')).toBe(true);
  });

  it('does not match overlong strings', () => {
    expect(compilePattern('a')('a'.repeat(MAX_MATCHED_LENGTH))).toBe(true);
    expect(compilePattern('a')('a'.repeat(MAX_MATCHED_LENGTH + 1))).toBe(false);
  });
});
