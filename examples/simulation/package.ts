import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const TSUP = fileURLToPath(import.meta.resolve('tsup/dist/cli-default.js'));
const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Builds the package into `dist`, as it is published but for its types. Bundlers find it there by its name, as they find an
 * installed one.
 */
export async function buildPackage(): Promise<void> {
  console.log('The package is built …');
  await promisify(execFile)(process.execPath, [TSUP, '--no-dts', '--silent'], { cwd: root });
}
