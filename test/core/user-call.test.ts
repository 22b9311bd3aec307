// biome-ignore-all lint/suspicious/noThenProperty: objects with a then method are what is tested
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { callUser, isPromise } from '../../src/core/user-call.js';

const failure = new Error('a mistake of the user');

describe('a call of a function of the user', () => {
  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw failure;
      },
    ],
    ['returns a promise that rejects', () => Promise.reject(failure)],
    ['returns a promise of another realm that rejects', () => runInNewContext('Promise.reject(new Error("far away"))')],
    ['returns something else with a then method that rejects', () => ({ then: (_: unknown, no: () => void) => no() })],
    [
      'returns something whose then method throws',
      () => ({
        then() {
          throw failure;
        },
      }),
    ],
    [
      'returns something whose then property throws',
      () => ({
        get then() {
          throw failure;
        },
      }),
    ],
  ])('never throws or rejects, and says once that it failed, when the function %s', async (_, call) => {
    const onFailure = vi.fn();
    expect(callUser(call, onFailure)).toBeUndefined();
    await new Promise(setImmediate);
    expect(onFailure).toHaveBeenCalledOnce();
  });

  it.each<[string, () => unknown]>([
    ['returns nothing', () => undefined],
    ['returns null', () => null],
    ['returns a promise that resolves', () => Promise.resolve()],
  ])('says nothing when the function %s', async (_, call) => {
    const onFailure = vi.fn();
    callUser(call, onFailure);
    await new Promise(setImmediate);
    expect(onFailure).not.toHaveBeenCalled();
  });
});

it('a promise is known by its then method', () => {
  expect([Promise.resolve(), { then() {} }].map(isPromise)).toEqual([true, true]);
  expect([undefined, null, 1, 'then', {}, { then: true }].map(isPromise)).toEqual(Array(6).fill(false));
});
