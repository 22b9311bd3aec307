import { describe, expect, it } from 'vitest';
import { checkNode } from '../../../src/cli/doctor/machine.js';

describe('the supported versions of Node', () => {
  it.each([
    ['20.18.3', 'error'],
    ['20.19.0', 'ok'],
    ['21.7.3', 'error'],
    ['22.11.0', 'error'],
    ['22.12.0', 'ok'],
    ['23.11.0', 'error'],
    ['24.0.0', 'ok'],
    ['26.1.0', 'ok'],
  ])('%s: %s', (version, level) => {
    expect(checkNode(version).level).toBe(level);
  });
});
