import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const TSUP = fileURLToPath(import.meta.resolve('tsup/dist/cli-default.js'));
const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Builds the package into `dist`, as published but without types. Bundlers resolve its name to `dist`, like an installed package.
 */
export async function buildPackage(): Promise<void> {
  console.log('Building the package …');
  await promisify(execFile)(process.execPath, [TSUP, '--no-dts', '--silent'], { cwd: root });
}
