import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A package whose code is in this one. */
interface Bundled {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly text: string;
}

/**
 * Writes the licences of all packages that are bundled, and the bill of materials (CycloneDX), into `folder`.
 *
 * @param packages folders of packages that no map names, below node_modules
 * @throws where one comes without a licence text
 */
export async function writeThirdParty(folder: string, packages: readonly string[]): Promise<void> {
  const folders = new Set([...packages, ...(await packagesInMaps(folder))]);
  const bundled = await Promise.all([...folders].toSorted().map(readPackage));
  const licences = bundled.map(({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}\n`);
  await writeFile(join(folder, 'THIRD-PARTY-LICENSES.txt'), licences.join(`\n${'-'.repeat(80)}\n\n`));
  const own = JSON.parse(await readFile('package.json', 'utf8')) as Omit<Bundled, 'text'>;
  await writeFile(join(folder, 'sbom.cdx.json'), `${JSON.stringify(billOf(own, bundled), undefined, 2)}\n`);
}

/** node_modules/pg/lib/index.js → node_modules/pg */
export function packageFolder(input: string): string {
  const [folder] = /node_modules\/(?:@[^/]+\/)?[^/]+(?!.*node_modules\/)/.exec(input) ?? [];
  if (folder === undefined) throw new Error(`${input} belongs to no package`);
  return folder;
}

/** What the bundler took along; where that came from stands in the maps. */
async function packagesInMaps(folder: string): Promise<string[]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.c?js\.map$/.test(name));
  const maps = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  const sources = maps.flatMap((map) => (JSON.parse(map) as { readonly sources: readonly string[] }).sources);
  return sources.filter((source) => source.includes('node_modules/')).map(packageFolder);
}

async function readPackage(folder: string): Promise<Bundled> {
  const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8')) as Bundled;
  const files = await readdir(folder);
  const file = files.find((one) => /^licen[cs]e/i.test(one));
  const readme = files.find((one) => /^readme/i.test(one));
  const text =
    file !== undefined
      ? await readFile(`${folder}/${file}`, 'utf8')
      : // Some packages have it at the end of their README only.
        /^#+ *licen[cs]e\s+(.+)/ims.exec(await readFile(`${folder}/${readme ?? ''}`, 'utf8'))?.[1];
  if (!/permission|apache license/i.test(text ?? '')) throw new Error(`${folder} comes without a licence text`);
  return { name, version, license, text: text?.trim() ?? '' };
}

/** CycloneDX 1.6. Without a time and a serial number: the same sources make the same file. */
function billOf(own: Omit<Bundled, 'text'>, bundled: readonly Bundled[]): object {
  const component = ({ name, version, license }: Omit<Bundled, 'text'>): object => ({
    type: 'library',
    'bom-ref': refOf({ name, version }),
    name,
    version,
    licenses: [/ (OR|AND) /.test(license) ? { expression: license } : { license: { id: license } }],
    purl: refOf({ name, version }),
  });
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: component(own) },
    components: bundled.map(component),
    dependencies: [{ ref: refOf(own), dependsOn: bundled.map(refOf) }],
  };
}

/** https://github.com/package-url/purl-spec */
function refOf({ name, version }: Pick<Bundled, 'name' | 'version'>): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}
