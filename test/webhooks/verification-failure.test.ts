import { expect, it } from 'vitest';
import { OursError } from '../../src/core/errors.js';
import { nameOf, toVerificationFailure } from '../../src/webhooks/verification-failure.js';

it('is unavailable after the timeout, whatever verify throws', () => {
  expect(toVerificationFailure(new Error('wrong'), true)).toEqual({ kind: 'unavailable', cause: 'Error' });
});

it('is unavailable if verify or an HTTP client says so', () => {
  const unavailable = new OursError('verification_unavailable', 'Till answered 500');
  expect(toVerificationFailure(unavailable, false)).toEqual({ kind: 'unavailable', cause: 'Till answered 500' });
  expect(toVerificationFailure(new TypeError('fetch failed'), false)).toEqual({
    kind: 'unavailable',
    cause: 'TypeError',
  });
});

it('is misconfigured for another error of ours, whose message is shown', () => {
  const error = new OursError('invalid_option', 'a thin event');
  expect(toVerificationFailure(error, false)).toEqual({ kind: 'misconfigured', message: 'a thin event' });
});

it('is invalid otherwise, also for causes without an end', () => {
  const endless: { cause?: unknown } = {};
  endless.cause = endless;
  expect(toVerificationFailure(endless, false)).toEqual({ kind: 'invalid', cause: 'object' });
  expect(toVerificationFailure('wrong', false)).toEqual({ kind: 'invalid', cause: 'string' });
});

it('names errors without their message', () => {
  class Minified extends Error {}
  expect(nameOf(new RangeError('of buyer@example.org'))).toBe('RangeError');
  expect(nameOf(new Minified('of buyer@example.org'))).toBe('Minified');
  expect(nameOf(Object.assign(new Error('x'), { type: 'StripeCardError' }))).toBe('StripeCardError');
});
