import { expect, it } from 'vitest';
import { locateError } from '../../../src/collector/page/form-field.js';

it.each([
  ['key: another experiment has this key.', 'key', 'another experiment has this key.'],
  ['secondary.3: must not be empty', 'secondary', 'must not be empty'],
  ['variants.1.weight: must be a number', 'variants.1.weight', 'must be a number'],
  ['variants: two variants have the same name', 'variants', 'two variants have the same name'],
  ['query.0.value: required', 'query.0.value', 'required'],
  ['experiment allocation: must be at most 100', 'allocation', 'must be at most 100'],
  ['keyboard: odd', undefined, 'keyboard: odd'],
  ['A completed experiment cannot be edited.', undefined, 'A completed experiment cannot be edited.'],
])('finds the field of "%s"', (message, field, reason) => {
  expect(locateError(message)).toEqual({ field, message, reason });
});
