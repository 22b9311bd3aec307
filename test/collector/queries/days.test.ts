import { describe, expect, it } from 'vitest';
import { runtimeDays, utcDayOf, utcDays } from '../../../src/collector/queries/days.js';

const NOW = Date.UTC(2026, 2, 14, 12);
const DAY = 24 * 60 * 60 * 1000;
const FOREVER = Number.POSITIVE_INFINITY;

describe('UTC days', () => {
  it('include both ends, over months and leap days', () => {
    expect(utcDays('2024-02-28', '2024-03-01')).toEqual(['2024-02-28', '2024-02-29', '2024-03-01']);
    expect(utcDayOf(NOW)).toBe('2026-03-14');
  });

  it.each(['2026-02-30', '2026-2-3', '14.03.2026', ''])('refuse %j, which is not a date', (date) => {
    expect(() => utcDays(date, '2026-03-01')).toThrow('"startDate" is not a date');
    expect(() => utcDays('2026-03-01', date)).toThrow('"endDate" is not a date');
  });

  it('refuse an end before the start, and more than 366 days', () => {
    expect(() => utcDays('2026-03-02', '2026-03-01')).toThrow('swap the two dates');
    expect(utcDays('2024-01-01', '2024-12-31')).toHaveLength(366);
    expect(() => utcDays('2024-01-01', '2025-01-01')).toThrow('ask for 2024-01-01 to 2024-12-31, then for the rest');
  });
});

describe('the days of a runtime', () => {
  it.each([
    ['of a running experiment end today', [[NOW - 2 * DAY, FOREVER]], undefined, '2026-03-12', '2026-03-14'],
    ['of one that started today are today', [[NOW, FOREVER]], NOW - DAY, '2026-03-14', '2026-03-14'],
    ['of a stopped one end with the stop', [[NOW - 9 * DAY, NOW - 8 * DAY]], undefined, '2026-03-05', '2026-03-06'],
    [
      'of one without a start begin with its first exposure',
      [[-FOREVER, FOREVER]],
      NOW - DAY,
      '2026-03-13',
      '2026-03-14',
    ],
    ['of one without a start or exposures are today', [[-FOREVER, FOREVER]], undefined, '2026-03-14', '2026-03-14'],
    [
      'of one that ran twice include both runs',
      [
        [NOW - 30 * DAY, NOW - 20 * DAY],
        [NOW - 5 * DAY, FOREVER],
      ],
      undefined,
      '2026-02-12',
      '2026-03-14',
    ],
    ['of a draft are today', [], undefined, '2026-03-14', '2026-03-14'],
    ['of a long one are the last 366', [[NOW - 999 * DAY, FOREVER]], undefined, '2025-03-14', '2026-03-14'],
  ] as const)('%s', (_, runs, firstExposure, from, to) => {
    expect(runtimeDays({ runs }, firstExposure, NOW)).toEqual({ from, to });
  });
});
