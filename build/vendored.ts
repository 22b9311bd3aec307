import { readdir, readFile, writeFile } from 'node:fs/promises';
import { build, type Plugin } from 'esbuild';

/**
 * Packages that only the command line uses. They are no dependencies of who installs this package: each is bundled into one
 * CommonJS file, which is loaded when it is first needed.
 */
const VENDORED = ['cli-progress', 'csv-parse', 'ioredis', 'pg'];
/** What they look for by themselves and can do without. */
const OPTIONAL = ['pg-native', 'pg-cloudflare'];

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

/** Writes the bundles, and the licences of everything in them. */
export async function bundleVendored(target: string): Promise<void> {
  const { metafile } = await build({
    entryPoints: Object.fromEntries(VENDORED.map((name) => [name, name])),
    outdir: 'dist/vendor',
    outExtension: { '.js': '.cjs' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target,
    external: OPTIONAL,
    // Names stay: errors are told apart by those of their classes.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    metafile: true,
  });
  const folders = new Set(Object.keys(metafile.inputs).map(packageFolder));
  const licences = await Promise.all([...folders].toSorted().map(licenceOf));
  await writeFile('dist/THIRD-PARTY-LICENSES.txt', licences.join(`\n${'-'.repeat(80)}\n\n`));
}

/** node_modules/pg/lib/index.js → node_modules/pg */
function packageFolder(input: string): string {
  const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? [];
  if (folder === undefined) throw new Error(`${input} belongs to no package`);
  return folder;
}

async function licenceOf(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8')) as Record<
    string,
    string
  >;
  const files = await readdir(folder);
  const file = files.find((one) => /^licen[cs]e/i.test(one));
  const readme = files.find((one) => /^readme/i.test(one));
  const text =
    file !== undefined
      ? await readFile(`${folder}/${file}`, 'utf8')
      : // Some packages have it at the end of their README only.
        /^#+ *licen[cs]e\s+(.+)/ims.exec(await readFile(`${folder}/${readme ?? ''}`, 'utf8'))?.[1];
  if (!/permission|apache license/i.test(text ?? '')) throw new Error(`${folder} comes without a licence text`);
  return `${name} ${version} (${license})\n\n${text?.trim()}\n`;
}
