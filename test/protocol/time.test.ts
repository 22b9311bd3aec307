import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../src/core/refusal.js';
import { type ClockReading, exactReading, isTooOld, toEventTime } from '../../src/protocol/time.js';
import { NOW } from './encoding.js';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const inStep = exactReading(NOW);
const fastBy = (ms: number): ClockReading => ({ ...inStep, local: NOW + ms });
const slowBy = (ms: number): ClockReading => ({ ...inStep, local: NOW - ms });
const unchecked: ClockReading = {
  ...inStep,
  earliest: Number.NEGATIVE_INFINITY,
  latest: Number.POSITIVE_INFINITY,
  state: 'unchecked',
};

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
    expect(toEventTime(undefined, exactReading(NOW + 0.9))).toBe(NOW);
  });

  it('may be exactly seven days ago and no millisecond more', () => {
    expect(toEventTime(NOW - 7 * DAY, inStep)).toBe(NOW - 7 * DAY);
    expect(refusedTime(NOW - 7 * DAY - 1)).toContain('at most 7 days old');
    expect(refusedTime(NOW - 9 * DAY)).toMatch(/got 9 days\.$/);
  });

  it('up to a day ahead is now, and refused beyond', () => {
    expect(toEventTime(NOW + 1, inStep)).toBe(NOW);
    expect(toEventTime(NOW + DAY, inStep)).toBe(NOW);
    expect(refusedTime(NOW + DAY + 1)).toContain('must not be in the future; got 1440 minutes ahead of now');
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

  it('a time that this machine took is moved back by as much as its clock is fast', () => {
    expect(toEventTime(NOW + HOUR, fastBy(HOUR))).toBe(NOW);
    expect(toEventTime(NOW + HOUR - 5 * SECOND, fastBy(HOUR))).toBe(NOW - 5 * SECOND);
    expect(toEventTime(NOW + 9 * DAY, fastBy(9 * DAY))).toBe(NOW);
  });

  it('a time in the past is left alone', () => {
    expect(toEventTime(NOW - SECOND, fastBy(HOUR))).toBe(NOW - SECOND);
  });

  it('the future begins a day after both clocks', () => {
    expect(toEventTime(NOW + HOUR + DAY, fastBy(HOUR))).toBe(NOW);
    expect(refusedTime(NOW + HOUR + DAY + 1, fastBy(HOUR))).toContain('future');
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
    expect(refusedTime(NOW + DAY + 1, slowBy(HOUR))).toContain('future');
  });

  it('seven days are counted by the service’s clock', () => {
    expect(toEventTime(NOW - 7 * DAY, slowBy(HOUR))).toBe(NOW - 7 * DAY);
    expect(refusedTime(NOW - HOUR - 7 * DAY - 1, slowBy(HOUR))).toContain('7 days');
  });

  it('a time that this machine took is not too old because of its clock', () => {
    expect(toEventTime(NOW - 9 * DAY, slowBy(9 * DAY))).toBe(NOW);
    expect(toEventTime(NOW - 9 * DAY - HOUR, slowBy(9 * DAY))).toBe(NOW - HOUR);
  });
});

describe('before the clock was checked', () => {
  it('a time is refused only where no clock is that wrong', () => {
    expect(toEventTime(NOW - 37 * DAY, unchecked)).toBe(NOW - 37 * DAY);
    expect(toEventTime(NOW + 30 * DAY, unchecked)).toBe(NOW + 30 * DAY);
    expect(refusedTime(NOW - 37 * DAY - 1, unchecked)).toContain('at most 7 days old; got 37 days');
    expect(refusedTime(NOW + 30 * DAY + 1, unchecked)).toContain('30 days ahead');
  });

  it('the same holds while answers disagree, and after a single one', () => {
    for (const state of ['provisional', 'disputed'] as const) {
      expect(toEventTime(NOW - 8 * DAY, { ...inStep, state })).toBe(NOW - 8 * DAY);
      expect(toEventTime(NOW + 8 * DAY, { ...inStep, state })).toBe(NOW);
    }
  });

  it('up to five seconds ahead is now: two good clocks differ by that much', () => {
    expect(toEventTime(NOW + 5 * SECOND, unchecked)).toBe(NOW);
    expect(toEventTime(NOW + 5 * SECOND + 1, unchecked)).toBe(NOW + 5 * SECOND + 1);
  });

  it('seconds are still recognised', () => {
    expect(refusedTime(Math.trunc(NOW / 1000), unchecked)).toContain('multiply by 1000');
  });
});

it('a Date of another realm is a Date', () => {
  expect(toEventTime(runInNewContext(`new Date(${NOW - HOUR})`), inStep)).toBe(NOW - HOUR);
  expect(refusedTime(runInNewContext('new Date(NaN)'))).toContain('an invalid Date');
});

it('an event is too old from the first millisecond after seven days', () => {
  expect(isTooOld(NOW - 7 * DAY, NOW)).toBe(false);
  expect(isTooOld(NOW - 7 * DAY - 1, NOW)).toBe(true);
});
