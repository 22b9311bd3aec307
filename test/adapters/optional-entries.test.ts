import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The sources that an entry loads, and the packages. Anything outside `src` stays an import. */
async function loadedBy(entry: string): Promise<{ sources: string[]; packages: string[] }> {
  const { metafile } = await build({
    entryPoints: [entry],
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    packages: 'external',
    format: 'esm',
    write: false,
    metafile: true,
  });
  const [output] = Object.values(metafile.outputs);
  return { sources: Object.keys(output!.inputs), packages: output!.imports.map(({ path }) => path) };
}

it.each(['src/index.ts', 'src/edge.ts'])(
  '%s loads no adapter, and so nothing of OpenFeature or the Flags SDK',
  async (entry) => {
    const { sources } = await loadedBy(entry);
    expect(sources.length).toBeGreaterThan(20);
    expect(sources.filter((source) => source.startsWith('src/adapters/'))).toEqual([]);
  },
);

it.each(['openfeature', 'flags'])('the entry %s loads no package and no client', async (name) => {
  const { sources, packages } = await loadedBy(`src/adapters/${name}.ts`);
  expect(packages).toEqual(['node:async_hooks']);
  expect(sources.filter((source) => /^src\/(client|delivery|outbox|tracking)\//.test(source))).toEqual([]);
});
