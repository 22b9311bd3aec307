import type { Check } from './check.js';

/** The first minor version that is supported of each line; later lines are supported from their start. */
const MINORS: Readonly<Record<number, number>> = { 20: 19, 22: 12 };
const FIRST_OF_ALL_LATER = 24;

/** Whether this package supports a version of Node: `engines` of its package.json. */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isSupported = major >= FIRST_OF_ALL_LATER || minor >= (MINORS[major] ?? Number.POSITIVE_INFINITY);
  return isSupported
    ? { check: 'Node', level: 'ok', message: version }
    : {
        check: 'Node',
        level: 'error',
        message: `${version} is not supported: use 20.19 or later, 22.12 or later, or 24.`,
      };
}
