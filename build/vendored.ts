import { type BuildOptions, build, type Plugin } from 'esbuild';
import { packageFolder } from './third-party.js';

/**
 * Packages that only the command line uses. They are no dependencies of who installs this package: each is bundled into one
 * CommonJS file, which is loaded when it is first needed.
 */
const VENDORED = ['cli-progress', 'csv-parse', 'ioredis', 'pg'];
/** What they look for by themselves and can do without. */
const OPTIONAL: string[] = ['pg-native', 'pg-cloudflare'];

/** Leaves the import of a vendored package to run time, and leads it to the bundle. */
export const toVendored: Plugin = {
  name: 'to-vendored',
  setup({ onResolve }) {
    onResolve({ filter: new RegExp(`^(${VENDORED.join('|')})$`) }, ({ path }) => ({
      path: `./vendor/${path}.cjs`,
      external: true,
    }));
  },
};

/** Writes the bundles. */
export async function bundleVendored(target: string): Promise<void> {
  await build({ ...BUNDLES, target });
}

/** The folders of all packages in the bundles, below node_modules. */
export async function vendoredPackages(): Promise<string[]> {
  const { metafile } = await build({ ...BUNDLES, metafile: true, write: false });
  return Object.keys(metafile.inputs).map(packageFolder);
}

const BUNDLES = {
  entryPoints: Object.fromEntries(VENDORED.map((name) => [name, name])),
  outdir: 'dist/vendor',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  external: OPTIONAL,
  // Names stay: errors are told apart by those of their classes.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
} as const satisfies BuildOptions;
