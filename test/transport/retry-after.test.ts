import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_RETRY_AFTER_MS, retryAfterMs } from '../../src/transport/retry-after.js';

const NOW = Date.UTC(2026, 2, 14, 12);
const wait = (headers: Record<string, string>): number | undefined => retryAfterMs((name) => headers[name], NOW);

describe('how long to leave the service alone', () => {
  it.each([
    ['whole seconds', '7', 7_000],
    ['seconds with a fraction', '0.25', 250],
    ['seconds between blanks', ' 3 ', 3_000],
    ['no time at all', '0', 0],
    ['an HTTP date', 'Sat, 14 Mar 2026 12:00:30 GMT', 30_000],
    ['an HTTP date of the obsolete RFC 850 form', 'Saturday, 14-Mar-26 12:00:30 GMT', 30_000],
    ['a date that is over', 'Sat, 14 Mar 2026 11:59:00 GMT', 0],
  ])('is read from retry-after as %s', (_what, text, ms) => {
    expect(wait({ 'retry-after': text })).toBe(ms);
  });

  it('is read from retry-after-ms first, in milliseconds, rounded up', () => {
    expect(wait({ 'retry-after-ms': '1500', 'retry-after': '7' })).toBe(1500);
    expect(wait({ 'retry-after-ms': '0.1' })).toBe(1);
  });

  it('is read from retry-after where retry-after-ms makes no sense', () => {
    expect(wait({ 'retry-after-ms': 'soon', 'retry-after': '7' })).toBe(7_000);
  });

  it('is not said without a header', () => {
    expect(wait({})).toBeUndefined();
  });

  it.each([
    '',
    ' ',
    'soon',
    'NaN',
    'Infinity',
    '-5',
    '+5',
    '1e3',
    '0x10',
    '5s',
    '5, 6',
    'soon 5',
    '2026',
    '14/03/2026',
    'Sat',
  ])('is not said by garbage: %j', (text) => {
    expect(wait({ 'retry-after': text, 'retry-after-ms': text === '2026' ? '' : text })).toBe(
      text === '2026' ? MAX_RETRY_AFTER_MS : undefined,
    );
  });

  it('is never more than a minute, however it is said', () => {
    expect(wait({ 'retry-after': '86400' })).toBe(MAX_RETRY_AFTER_MS);
    expect(wait({ 'retry-after': '9'.repeat(400) })).toBe(MAX_RETRY_AFTER_MS);
    expect(wait({ 'retry-after-ms': '60001' })).toBe(MAX_RETRY_AFTER_MS);
    expect(wait({ 'retry-after': 'Sat, 14 Mar 2027 12:00:00 GMT' })).toBe(MAX_RETRY_AFTER_MS);
  });

  it('is a whole number from 0 to the cap or nothing, whatever the headers say', () => {
    const text = fc.oneof(fc.string(), fc.double().map(String), fc.integer().map(String), fc.date().map(String));
    fc.assert(
      fc.property(text, text, (precise, plain) => {
        const ms = wait({ 'retry-after-ms': precise, 'retry-after': plain });
        if (ms === undefined) return;
        expect(Number.isInteger(ms)).toBe(true);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(MAX_RETRY_AFTER_MS);
      }),
    );
  });

  it('is what any HTTP date within a minute says, to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), (seconds) => {
        const date = new Date(NOW + seconds * 1000).toUTCString();
        expect(wait({ 'retry-after': date })).toBe(seconds * 1000);
      }),
    );
  });
});
