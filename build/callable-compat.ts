import { readFile, writeFile } from 'node:fs/promises';

const EXPORTS = 'module.exports = __toCommonJS(compat_exports);';

/**
 * Makes what `require('ours-ingest/compat')` returns the class itself, with all exports as its properties: so is the module of the
 * official SDK. The classes are defined further below, so the exports stay getters.
 *
 * @throws where the bundler writes its exports differently
 */
export async function makeCallable(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  if (!text.includes(EXPORTS)) throw new Error(`${file} does not have the line ${EXPORTS}`);
  const callable =
    'module.exports = Object.defineProperties(function OursPrivacy(options) { return new compat_exports.default(options); }, Object.getOwnPropertyDescriptors(__toCommonJS(compat_exports)));';
  await writeFile(file, text.replace(EXPORTS, callable));
}
