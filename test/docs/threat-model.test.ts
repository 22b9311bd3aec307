import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);

it('the threat model names tests that exist, at least one for each promise', () => {
  const page = readFileSync(new URL('docs/threat-model.md', root), 'utf8');
  const promises = page
    .split('\n')
    .filter((line) => (line.startsWith('| ') && line.endsWith('.mjs` |')) || line.endsWith('.ts` |'));
  expect(promises.length).toBeGreaterThan(25);
  const tests = promises.flatMap((line) => [...line.matchAll(/`(test\/[^`]+)`/g)].map(([, file]) => file!));
  expect(tests.filter((file) => !existsSync(new URL(file, root)))).toEqual([]);
});
