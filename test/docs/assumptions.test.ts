import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const page = readFileSync('docs/protocol.md', 'utf8');

/** The folders whose sources mark an assumption about the service: `src/protocol`, `src/collector/http`, … */
function foldersWithAssumptions(): string[] {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const marked = files.filter((name) => readFileSync(join('src', name), 'utf8').match(/\[A[\]:]/));
  // Of the collector each folder, of the others the one below src.
  const folders = marked.map((name) => (name.startsWith('collector/') ? dirname(name) : name.split('/')[0]!));
  return [...new Set(folders)].map((folder) => `src/${folder}`);
}

it('the table of assumptions names every folder with a comment that marks one, and no other', () => {
  const [, section = ''] = page.split('## Assumptions');
  const named = new Set([...section.matchAll(/`(src\/[a-z/]+)`/g)].map(([, folder]) => folder!));
  expect([...named].toSorted()).toEqual(foldersWithAssumptions().toSorted());
});
