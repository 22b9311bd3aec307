import { expect, it } from 'vitest';
import { type Check, checkLine, failOnErrors } from '../../../src/cli/doctor/check.js';

const check = (level: Check['level']): Check => ({ check: 'token', level, message: 'is a test token.' });

it('formats each level with its own sign, in columns', () => {
  expect((['ok', 'warning', 'error'] as const).map((level) => checkLine(check(level)))).toEqual([
    '✓ token                  is a test token.',
    '! token                  is a test token.',
    '✗ token                  is a test token.',
  ]);
});

it('fails the command for errors, not for warnings', () => {
  expect(() => failOnErrors([check('ok'), check('warning')])).not.toThrow();
  expect(() => failOnErrors([check('error'), check('ok'), check('error')])).toThrow('2 of 3 checks failed.');
});
