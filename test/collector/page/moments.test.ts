import { describe, expect, it } from 'vitest';
import { clock, duration, moment } from '../../../src/collector/page/moments.js';

const plain = (text: string): string => text.replaceAll('\u00A0', ' ');
const NOW = Date.UTC(2026, 2, 14, 14, 3, 22);

describe('times of the pages', () => {
  it.each([
    [0, '0 s'],
    [999, '0 s'],
    [61_000, '1 min 1 s'],
    [3_600_000, '1 h'],
    [9 * 86_400_000 + 3 * 3_600_000 + 59_000, '9 d 3 h'],
  ])('%i ms are %s', (ms, expected) => {
    expect(plain(duration(ms))).toBe(expected);
  });

  it('are short on the same day, with the day otherwise', () => {
    expect(clock(NOW, NOW).toString()).toContain('>14:03:22<');
    expect(clock(NOW - 2 * 86_400_000, NOW).toString()).toContain('>03-12 14:03<');
    expect(moment(NOW).toString()).toContain('>2026-03-14 14:03:22<');
  });

  it('are clamped to the range of Date', () => {
    expect(moment(Number.MAX_SAFE_INTEGER).toString()).toContain('+275760-09-13');
  });
});
