import { expect, it } from 'vitest';
import { bytesInWords, durationInWords } from '../../src/cli/amounts.js';
import { count, counted } from '../../src/core/counts.js';

it.each([
  [count(1_204), '1,204'],
  [counted(1, 'event'), '1 event'],
  [counted(1_204, 'event'), '1,204 events'],
  [bytesInWords(1_023), '1023 bytes'],
  [bytesInWords(1_536), '1.5 KiB'],
  [bytesInWords(3 * 1024 ** 2), '3 MiB'],
  [durationInWords(0), '0 s'],
  [durationInWords(200_000), '3 min 20 s'],
  [durationInWords(3_600_000), '1 h'],
  [durationInWords(90_061_000), '1 d 1 h'],
])('%j', (shown, expected) => {
  expect(shown).toBe(expected);
});
