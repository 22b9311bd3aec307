import { expect, it } from 'vitest';
import { percent, points, probability, setting } from '../../../src/collector/page/figures.js';
import { count, counted } from '../../../src/core/counts.js';

const plain = (text: string): string => text.replaceAll('\u00A0', ' ');

it.each([
  [count(12_345), '12,345'],
  [counted(1, 'event'), '1 event'],
  [counted(12_345, 'event'), '12,345 events'],
  [percent(0.0437), '4.37 %'],
  [percent(0.125), '12.5 %'],
  [setting(1 / 3), '33.33 %'],
  [setting(0.5), '50 %'],
  [probability(1), '> 99.9 %'],
  [probability(0), '< 0.1 %'],
  [probability(0.954), '95.4 %'],
  [points(0.00021), '0.021 pp'],
  [points(0), '< 0.0001 pp'],
])('%j', (shown, expected) => {
  expect(plain(shown)).toBe(expected);
});
