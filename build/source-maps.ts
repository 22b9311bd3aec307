import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

interface SourceMap {
  readonly sources: readonly string[];
  readonly sourcesContent?: readonly (string | null)[];
}

/**
 * Puts the text of bundled packages into the maps of `folder`: our own sources come along in the package, where the maps point to,
 * but who installs it may have those packages elsewhere.
 */
export async function inlineBundledSources(folder: string): Promise<void> {
  for (const name of await readdir(folder, { recursive: true })) {
    if (!/\.c?js\.map$/.test(name)) continue;
    const file = join(folder, name);
    const map = JSON.parse(await readFile(file, 'utf8')) as SourceMap;
    const sourcesContent = await Promise.all(
      map.sources.map(async (source) => {
        const path = join(dirname(file), source);
        return source.includes('node_modules/') && existsSync(path) ? readFile(path, 'utf8') : null;
      }),
    );
    await writeFile(file, JSON.stringify({ ...map, sourcesContent }));
  }
}
