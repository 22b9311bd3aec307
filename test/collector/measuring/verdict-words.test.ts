import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { VERDICTS } from '../../../src/collector/measuring/verdict.js';
import { VERDICT_WORDS } from '../../../src/collector/measuring/verdict-words.js';

const page = await readFile(new URL('../../../docs/how-a-conversion-is-counted.md', import.meta.url), 'utf8');

it.each(VERDICTS)('the verdict %s says what to do about it, and so does its section of the docs', (verdict) => {
  expect(VERDICT_WORDS[verdict].advice).toMatch(/^[A-Z].*[.?]$/s);
  const [, section = ''] = page.split(`### \`${verdict}\`\n`);
  expect(section.split('\n#')[0]!.trim().length).toBeGreaterThan(40);
});

it('not_in_experiment names a URL that does not match among its causes, and so do the docs', () => {
  const [, section = ''] = page.split('### `not_in_experiment`\n');
  for (const text of [VERDICT_WORDS.not_in_experiment.advice, section.split('\n#')[0]!]) {
    expect(text).toMatch(/page’s and matches a URL|page's URL did not match/);
  }
});

it('not_in_experiment names a cleared log among its causes, with the way out, and so do the docs', () => {
  const [, section = ''] = page.split('### `not_in_experiment`\n');
  for (const text of [VERDICT_WORDS.not_in_experiment.advice, section.split('\n#')[0]!]) {
    expect(text).toMatch(/Clear events.*start a new session.*restart the application/is);
  }
});
