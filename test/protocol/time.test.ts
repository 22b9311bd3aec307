import { describe, expect, it } from 'vitest';
import { Refusal } from '../../src/protocol/refusal.js';
import { isTooOld, toEventTime } from '../../src/protocol/time.js';
import { NOW } from './encoding.js';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const inStep = { local: NOW, service: NOW };
const fastBy = (ms: number) => ({ local: NOW + ms, service: NOW });
const slowBy = (ms: number) => ({ local: NOW - ms, service: NOW });

function refusedTime(input: unknown, clock = inStep): string {
  const result = toEventTime(input, clock);
  if (!(result instanceof Refusal)) throw new Error(`taken as ${result}`);
  expect(result.code).toBe('invalid_time');
  return result.message;
}

describe('the time of an event', () => {
  it('is now where none is given', () => {
    expect(toEventTime(undefined, inStep)).toBe(NOW);
    expect(toEventTime(null, inStep)).toBe(NOW);
  });

  it('may be a Date or milliseconds', () => {
    expect(toEventTime(new Date(NOW - HOUR), inStep)).toBe(NOW - HOUR);
    expect(toEventTime(NOW - HOUR, inStep)).toBe(NOW - HOUR);
  });

  it('is whole milliseconds', () => {
    expect(toEventTime(NOW - 0.4, inStep)).toBe(NOW - 1);
    expect(toEventTime(undefined, { local: NOW + 0.9, service: NOW + 0.9 })).toBe(NOW);
  });

  it('may be exactly seven days ago and no millisecond more', () => {
    expect(toEventTime(NOW - 7 * DAY, inStep)).toBe(NOW - 7 * DAY);
    expect(refusedTime(NOW - 7 * DAY - 1)).toContain('at most 7 days old');
    expect(refusedTime(NOW - 9 * DAY)).toMatch(/got 9 days\.$/);
  });

  it('up to five seconds ahead is now, and refused beyond', () => {
    expect(toEventTime(NOW + 5 * SECOND, inStep)).toBe(NOW);
    expect(refusedTime(NOW + 5 * SECOND + 1)).toContain('must not be in the future; got 6 seconds ahead of now');
    expect(refusedTime(NOW + 3 * HOUR)).toContain('180 minutes ahead');
    expect(refusedTime(NOW + 3 * DAY)).toContain('3 days ahead');
  });

  it.each([
    ['a text', '2026-03-14T12:00:00Z', 'got a string'],
    ['a bigint', BigInt(NOW), 'got a bigint'],
    ['NaN', Number.NaN, 'got NaN'],
    ['Infinity', Number.POSITIVE_INFINITY, 'got Infinity'],
    ['an invalid Date', new Date(Number.NaN), 'got an invalid Date'],
    ['an object', {}, 'got an object'],
    ['a boolean', true, 'got a boolean'],
  ])('is refused as %s', (_what, input, came) => {
    expect(refusedTime(input)).toBe(`time must be a Date or milliseconds since the epoch; ${came}.`);
  });

  it('in seconds is refused with the way to mend it', () => {
    expect(refusedTime(Math.trunc(NOW / 1000))).toContain('It looks like seconds: multiply by 1000.');
    expect(refusedTime(Math.trunc((NOW - 6 * DAY) / 1000))).toContain('seconds');
  });

  it('that is merely old is not taken for seconds', () => {
    for (const days of [8, 30, 365, 5000]) expect(refusedTime(NOW - days * DAY)).not.toContain('seconds');
    expect(refusedTime(0)).not.toContain('seconds');
  });
});

describe('with a clock that is known to be fast', () => {
  it('an event of now has the service’s now', () => {
    expect(toEventTime(undefined, fastBy(HOUR))).toBe(NOW);
  });

  it('a time stamped by this machine is taken, to be mended when it is sent', () => {
    expect(toEventTime(NOW + HOUR, fastBy(HOUR))).toBe(NOW + HOUR);
    expect(toEventTime(NOW + HOUR / 2, fastBy(HOUR))).toBe(NOW + HOUR / 2);
  });

  it('the future begins after both clocks', () => {
    expect(toEventTime(NOW + HOUR + 5 * SECOND, fastBy(HOUR))).toBe(NOW + HOUR);
    expect(refusedTime(NOW + HOUR + 5 * SECOND + 1, fastBy(HOUR))).toContain('future');
  });

  it('seven days are counted by the service’s clock', () => {
    expect(toEventTime(NOW - 7 * DAY, fastBy(HOUR))).toBe(NOW - 7 * DAY);
    expect(refusedTime(NOW - 7 * DAY - 1, fastBy(HOUR))).toContain('7 days');
  });
});

describe('with a clock that is known to be slow', () => {
  it('an event of now has the service’s now', () => {
    expect(toEventTime(undefined, slowBy(HOUR))).toBe(NOW);
  });

  it('the service’s now is no future, though this machine has not reached it', () => {
    expect(toEventTime(NOW, slowBy(HOUR))).toBe(NOW);
    expect(toEventTime(NOW + 5 * SECOND, slowBy(HOUR))).toBe(NOW);
    expect(refusedTime(NOW + 5 * SECOND + 1, slowBy(HOUR))).toContain('future');
  });

  it('seven days are counted by the service’s clock', () => {
    expect(refusedTime(NOW - HOUR - 7 * DAY, slowBy(HOUR))).toContain('7 days');
  });
});

it('an event is too old from the first millisecond after seven days', () => {
  expect(isTooOld(NOW - 7 * DAY, NOW)).toBe(false);
  expect(isTooOld(NOW - 7 * DAY - 1, NOW)).toBe(true);
});
