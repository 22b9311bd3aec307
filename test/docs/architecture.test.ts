import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('ARCHITECTURE.md', root), 'utf8');

interface Rule {
  readonly name: string;
  readonly from: { readonly path?: string };
  readonly to: { readonly pathNot?: string };
}

/** folder → level, of the table under "Levels". */
function levelsOfPage(): Map<string, number | undefined> {
  const rows = page.matchAll(/^\| `([a-z]+)` \| (\d|–) \|/gm);
  return new Map([...rows].map(([, folder, level]) => [folder!, level === '–' ? undefined : Number(level)]));
}

/** folder → the folders it may import, of dependency-cruiser's rules. */
function allowedImports(): Map<string, Set<string>> {
  const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as { forbidden: Rule[] };
  const folders = readdirSync(new URL('src', root));
  const rules = folders.flatMap((folder) =>
    forbidden.filter(({ from, to }) => from.path === `^src/${folder}/` && to.pathNot?.startsWith('^src/(') === true),
  );
  const [namesOf, listOf] = [/^\^src\/([a-z]+)\//, /^\^src\/\((.*?)\)\//];
  return new Map(
    rules
      .filter(({ name }) => name.endsWith('-imports-from-lower-levels'))
      .map(({ from, to }) => [namesOf.exec(from.path!)![1]!, new Set(listOf.exec(to.pathNot!)![1]!.split('|'))]),
  );
}

it('the table of levels names every folder of src, and nothing else', () => {
  const folders = readdirSync(new URL('src', root), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect([...levelsOfPage().keys()].toSorted()).toEqual(folders.toSorted());
});

it('the table of levels allows exactly the imports that dependency-cruiser allows', () => {
  const levels = levelsOfPage();
  const allowed = allowedImports();
  for (const [folder, level] of levels) {
    const lower = [...levels].filter(([, other]) => level !== undefined && other !== undefined && other < level);
    const expected = [folder, ...lower.map(([other]) => other)];
    if (folder === 'cli') expected.push('collector');
    if (folder === 'collector') expected.push('core', 'protocol', 'sqlite');
    expect([...(allowed.get(folder) ?? [])].toSorted(), folder).toEqual(expected.toSorted());
  }
});

it('the architecture links every decision record', () => {
  const records = readdirSync(new URL('docs/decisions', root));
  expect(records.length).toBeGreaterThanOrEqual(7);
  expect(records.filter((record) => !page.includes(`(docs/decisions/${record})`))).toEqual([]);
});
