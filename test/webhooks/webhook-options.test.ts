import { expect, it } from 'vitest';
import { checkOptions } from '../../src/webhooks/webhook-options.js';

const VALID = {
  provider: 'Till',
  ours: { track: () => undefined },
  verify: () => ({}),
  conversions: () => [],
  keys: [],
};

it('accepts valid options; keys are checked where they are parsed', () => {
  expect(() => checkOptions(VALID as never)).not.toThrow();
  expect(() => checkOptions({ ...VALID, timeoutMs: 600_000, identify: () => undefined } as never)).not.toThrow();
});

it.each<[string, object]>([
  ['ours must be the client', { ours: {} }],
  ['verify must be a function', { verify: 'yes' }],
  ['identify must be a function', { identify: null }],
  ['timeoutMs must be an integer from 1 to 600000', { timeoutMs: 600_001 }],
  ['logger must have a method warn', { logger: console.log }],
])('reports: %s', (message, options) => {
  expect(() => checkOptions({ ...VALID, ...options } as never)).toThrow(message);
});
