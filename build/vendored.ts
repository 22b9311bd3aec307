import { type BuildOptions, build, type Plugin } from 'esbuild';
import { packageFolder } from './third-party.js';

/**
 * Packages that only the command line uses. They are no dependencies of who installs this package: each is bundled into one
 * CommonJS file, which is loaded when it is first needed.
 */
const VENDORED = ['cli-progress', 'csv-parse', 'ioredis', 'pg'];
/** A package of which several modules are used: they are exported by one of ours. */
const VENDORED_MODULES = { mcp: 'src/cli/mcp/sdk.ts' };
/** What they look for by themselves and can do without. */
const OPTIONAL: string[] = ['pg-native', 'pg-cloudflare'];
/** Dependencies of this package, which are installed with it. */
const INSTALLED: string[] = ['zod', 'zod/*'];

/** Leaves the import of a vendored package to run time, and leads it to the bundle. */
export const toVendored: Plugin = {
  name: 'to-vendored',
  setup({ onResolve }) {
    onResolve({ filter: new RegExp(`^(${VENDORED.join('|')})$`) }, ({ path }) => ({
      path: `./vendor/${path}.cjs`,
      external: true,
    }));
    onResolve({ filter: /\/sdk\.js$/ }, ({ importer }) =>
      importer.endsWith('/src/cli/mcp/session.ts') ? { path: './vendor/mcp.cjs', external: true } : undefined,
    );
  },
};

/** Writes the bundles. */
export async function bundleVendored(target: string): Promise<void> {
  await build({ ...BUNDLES, target });
}

/** The folders of all packages in the bundles, below node_modules. */
export async function vendoredPackages(): Promise<string[]> {
  const { metafile } = await build({ ...BUNDLES, metafile: true, write: false });
  return Object.keys(metafile.inputs)
    .filter((input) => input.includes('node_modules/'))
    .map(packageFolder);
}

const BUNDLES = {
  entryPoints: { ...Object.fromEntries(VENDORED.map((name) => [name, name])), ...VENDORED_MODULES },
  outdir: 'dist/vendor',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  external: [...OPTIONAL, ...INSTALLED],
  // Names stay: errors are told apart by those of their classes.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
} as const satisfies BuildOptions;
