// The code blocks of the documents: ```ts, tsx and js. A sentence before the block that ends with `a file's name`: names its file.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FENCE = /^```(ts|tsx|js)(?: (runnable))?\n(.*?)^```$/gms;

/** Every page that is written by hand, from the repository's root. */
export function pagesOf(root) {
  const below = (folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md') && !name.startsWith('api/'))
      .map((name) => join(folder, name));
  return ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', ...below('docs')];
}

/** The blocks of a page: their code, the line it begins on, the file it is meant for, and whether it runs as it stands. */
export function blocksOf(root, page) {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(FENCE)].map(({ 1: language, 2: mark, 3: code, index }) => {
    const before = text.slice(0, index);
    const line = before.split('\n').length + 1;
    const [, name] = /`([\w/.-]+\.tsx?)`:\n+$/.exec(before) ?? [];
    return { page, line, language, code, name, isRunnable: mark !== undefined };
  });
}
