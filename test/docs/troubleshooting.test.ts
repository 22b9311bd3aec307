import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { VERDICTS } from '../../src/collector/measuring/verdict.js';
import { WARNING_WORDS } from '../../src/collector/measuring/verdict-words.js';

const page = readFileSync('docs/troubleshooting.md', 'utf8');
const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join('src', name), 'utf8'))
  .join('\n');

/** Whether a row of the page's tables has `word` in one of its columns. */
function hasRow(word: string): boolean {
  return page.split('\n').some((line) => line.startsWith('|') && line.includes(`\`${word}\``));
}

it('every verdict and every warning of the collector has a row', () => {
  expect([...VERDICTS, ...Object.keys(WARNING_WORDS)].filter((word) => !hasRow(word))).toEqual([]);
});

it('every code and reason that an event can end with has a row', () => {
  const unions = ['src/core/outcome.ts', 'src/core/refusal.ts'].map((file) => readFileSync(file, 'utf8')).join('\n');
  const words = [...unions.matchAll(/^ {2}\| '([a-z_]+)'/gm)].map(([, word]) => word!);
  expect(words.length).toBeGreaterThan(20);
  expect(words.filter((word) => !hasRow(word))).toEqual([]);
});

it('every message of the page is a part of one in the sources', () => {
  const [, section = ''] = page.split('## By message');
  const rows = section
    .split('\n## ')[0]!
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const messages = rows.flatMap((row) =>
    [...row.split(' | ')[0]!.matchAll(/`([^`]+)`/g)].map(([, message]) => message!),
  );
  expect(messages.length).toBeGreaterThan(40);
  expect(messages.filter((message) => !sources.includes(message))).toEqual([]);
});
