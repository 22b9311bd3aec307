import { describe, expect, it } from 'vitest';
import { stateOf } from '../../src/adapters/session-end.js';

const NOW = Date.UTC(2026, 2, 14);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** By minutes since its start and its last activity. */
const stateAfter = (age: number, idle: number | undefined, isSentByPage = false) =>
  stateOf(
    { startedAt: NOW - age * MINUTE, activeAt: idle === undefined ? undefined : NOW - idle * MINUTE },
    NOW,
    isSentByPage,
  );

describe('the state of a session', () => {
  it('is ended without times', () => {
    expect(stateOf(undefined, NOW, true)).toBe('ended');
  });

  it.each([
    [25, 'active'],
    [25.01, 'uncertain'],
    [35.5, 'uncertain'],
    [35.51, 'ended'],
  ])('after %d idle minutes is %s', (idle, state) => {
    expect(stateAfter(60, idle)).toBe(state);
    expect(stateAfter(idle, undefined)).toBe(state);
  });

  it.each([
    [355, 'active'],
    [355.01, 'uncertain'],
    [365.5, 'uncertain'],
    [365.51, 'ended'],
  ])('%d minutes after its start is %s, despite activity', (age, state) => {
    expect(stateAfter(age, 0)).toBe(state);
  });

  it('is uncertain if its times are in the future', () => {
    expect(stateAfter(-5, -5)).toBe('active');
    expect(stateAfter(-5.01, -5.01)).toBe('uncertain');
  });

  it('is uncertain for a request of a page that has been idle for longer than any session', () => {
    const minutes = DAY / MINUTE;
    expect([stateAfter(minutes, minutes, true), stateAfter(minutes, minutes)]).toEqual(['uncertain', 'ended']);
    expect(stateAfter(360, 360, true)).toBe('ended');
  });
});
