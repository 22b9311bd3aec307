import { expect, it } from 'vitest';
import { withoutNulls } from '../../../src/collector/http/without-nulls.js';

it('removes fields that are null, and keeps nulls within values', () => {
  const body = { event: 'a', email: null, userProperties: { city: null } };
  expect(withoutNulls<object>(body)).toEqual({ event: 'a', userProperties: { city: null } });
});
