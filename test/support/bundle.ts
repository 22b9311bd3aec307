import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A program as one file, which starts in a fraction of the time that a loader takes. */
export interface BundledProgram {
  readonly path: string;
  remove(): Promise<void>;
}

export async function bundleProgram(entry: URL): Promise<BundledProgram> {
  // Within the tree, so that what is not bundled is found from there.
  const parent = join(ROOT, 'artifacts');
  await mkdir(parent, { recursive: true });
  const directory = await mkdtemp(join(parent, 'program-'));
  const path = join(directory, 'program.mjs');
  await build({
    entryPoints: [fileURLToPath(entry)],
    outfile: path,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    external: ['libsql', 'better-sqlite3', 'pg-native'],
    // The CommonJS packages in it require Node's own modules.
    banner: {
      js: "import { createRequire as toRequire } from 'node:module'; const require = toRequire(import.meta.url);",
    },
  });
  return { path, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** The text of a module with all it imports, for a page. */
export async function bundleForBrowsers(entry: URL): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
  });
  return outputFiles[0]!.text;
}
