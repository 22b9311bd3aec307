import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, it } from 'vitest';
import { headingId } from '../../build/heading-id.js';

const ROOT_PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CODE_OF_CONDUCT.md',
  'CHANGELOG.md',
];

/** Every Markdown file below `folder` that is written by hand. */
function pagesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.md') && !/^api\/|node_modules/.test(name))
    .map((name) => join(folder, name));
}

const pages = [...ROOT_PAGES, 'llms.txt', ...pagesIn('docs'), ...pagesIn('examples'), 'bench/README.md'];

function textOf(page: string): string {
  return readFileSync(page, 'utf8').replace(/^```.*?^```/gms, '');
}

/** The ids of a page's headings. The second heading of a name ends with -1. */
function headingsOf(page: string): Set<string> {
  const ids = new Set<string>();
  for (const [, heading] of textOf(page).matchAll(/^#{1,6} (.+)$/gm)) {
    const id = headingId(heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', ''));
    let unique = id;
    for (let n = 1; ids.has(unique); n += 1) unique = `${id}-${n}`;
    ids.add(unique);
  }
  return ids;
}

it.each(pages)('every link of %s leads to a file and a heading that exist', (page) => {
  const links = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
  const dead = links.filter((link) => {
    if (/^[a-z]+:|^\//.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : normalize(join(dirname(page), path));
    if (!existsSync(target)) return true;
    return anchor !== undefined && !headingsOf(target).has(anchor);
  });
  expect(dead).toEqual([]);
});
