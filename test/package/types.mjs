// Compiles a program that imports every subpath where there is nothing but a browser's types: no @types/node, no other package,
// and the declarations checked as well.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tsc = fileURLToPath(import.meta.resolve('typescript/lib/tsc.js'));
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const subpaths = Object.keys(exports).filter((subpath) => subpath !== './package.json');
const folder = mkdtempSync(join(tmpdir(), 'ours-ingest-'));
let failed = false;

try {
  const installed = join(folder, 'node_modules/ours-ingest');
  mkdirSync(installed, { recursive: true });
  for (const name of ['package.json', 'dist']) cpSync(join(root, name), join(installed, name), { recursive: true });
  const program = subpaths.map((subpath, at) => `export * as subpath${at} from 'ours-ingest${subpath.slice(1)}';`);
  // As an ES module and as CommonJS, whose declarations are other files.
  for (const file of ['program.mts', 'program.cts']) writeFileSync(join(folder, file), program.join('\n'));
  for (const [module, moduleResolution] of [
    ['esnext', 'bundler'],
    ['node16', 'node16'],
  ]) {
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2022',
      lib: ['es2022', 'dom'],
      types: [],
      strict: true,
      skipLibCheck: false,
      noEmit: true,
    };
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['program.mts', 'program.cts'] }),
    );
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    if (status === 0) continue;
    console.error(`With moduleResolution ${moduleResolution} the declarations do not compile:\n${stdout}`);
    failed = true;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (!failed)
  console.log(`The declarations of ${subpaths.length} subpaths need no types of Node or of another package.`);
process.exit(failed ? 1 : 0);
