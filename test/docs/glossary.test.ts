import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('every name of the glossary is in the folder that it names', () => {
  const [, section = ''] = readFileSync('docs/glossary.md', 'utf8').split('## In the source');
  const rows = [...section.matchAll(/^\| `(\w+)` \| `([\w/]+)` \|/gm)];
  expect(rows.length).toBeGreaterThan(10);
  const missing = rows.filter(([, name, folder]) => {
    const files = readdirSync(folder!, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const declaration = new RegExp(`(class|interface|type) ${name}\\b`);
    return !files.some((file) => declaration.test(readFileSync(join(folder!, file), 'utf8')));
  });
  expect(missing.map(([, name]) => name)).toEqual([]);
});
