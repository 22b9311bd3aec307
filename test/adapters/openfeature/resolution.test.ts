import { expect, it } from 'vitest';
import { type AskedFlag, toResolution } from '../../../src/adapters/openfeature/resolution.js';
import type { Assignment } from '../../../src/assignment/assignment.js';

const assigned = (fields: object) =>
  ({
    inExperiment: true,
    experimentKey: 'checkout',
    variantName: 'one_page',
    exposed: false,
    reason: 'assigned',
    ...fields,
  }) as Assignment;
const asked = <Value>(type: AskedFlag<Value>['type'], defaultValue: Value, values?: AskedFlag<Value>['values']) => ({
  key: 'checkout',
  type,
  defaultValue,
  values,
});

it('an unknown control is never taken for a value of a boolean flag', () => {
  for (const defaultValue of [true, false]) {
    expect(toResolution(asked('boolean', defaultValue), assigned({ isControl: undefined }), false)).toMatchObject({
      value: defaultValue,
      reason: 'ERROR',
      errorCode: 'TYPE_MISMATCH',
      errorMessage: expect.stringMatching(/does not say whether 'one_page' is the control .* boolean in values/),
    });
  }
});

it('a variant named like a built-in property of objects matches none of the values', () => {
  const values = { one_page: 1 };
  const variant = assigned({ variantName: 'constructor' });
  expect(toResolution(asked('number', 7, values), variant, false)).toMatchObject({ value: 7, reason: 'ERROR' });
});

it('null is a value', () => {
  expect(toResolution(asked('object', {}, { one_page: null }), assigned({}), false)).toMatchObject({
    value: null,
    variant: 'one_page',
  });
});

it('a forced variant is STATIC', () => {
  expect(toResolution(asked('string', ''), assigned({ reason: 'forced' }), false).reason).toBe('STATIC');
});

it('the metadata has no undefined, which the SDK’s type forbids', () => {
  const { flagMetadata } = toResolution(asked('string', ''), assigned({ experimentId: undefined }), false);
  expect(Object.values(flagMetadata)).not.toContain(undefined);
  expect(flagMetadata).toEqual({ experimentKey: 'checkout', exposed: false, assignmentReason: 'assigned' });
});
