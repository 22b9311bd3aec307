// Type-checks every code block of the documents against dist, as NodeNext and as bundlers resolve it, and runs the runnable ones.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import ts from 'typescript';
import { blocksOf, pagesOf } from './blocks.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = join(root, 'temp/docs');
// Below the repository, so that the frameworks are found; a package of its own, so that ours is found as an installed one.
rmSync(folder, { recursive: true, force: true });
mkdirSync(join(folder, 'node_modules'), { recursive: true });
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
symlinkSync(root, join(folder, 'node_modules/ours-ingest'), 'dir');
const declarations = ['given.d.ts', 'frameworks.d.ts'].map((name) => {
  cpSync(join(root, 'test/package/docs', name), join(folder, name));
  return join(folder, name);
});

const blocks = pagesOf(root)
  .flatMap((page) => blocksOf(root, page))
  .map((block) => {
    const { page, line, language, code, name } = block;
    const home = join(folder, page.replaceAll('/', '-').replace(/\.md$/, ''));
    const file = join(home, name ?? `line-${line}.${language === 'tsx' ? 'tsx' : 'ts'}`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${code}export {};\n`);
    return { ...block, file };
  });

const common = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.esnext.disposable.d.ts'],
  types: ['node'],
  jsx: ts.JsxEmit.ReactJSX,
  strict: true,
  esModuleInterop: true,
  experimentalDecorators: true,
  skipLibCheck: true,
  noEmit: true,
};
// These compile an application's files as bundlers do, and its imports have no extensions.
const BUNDLERS = ['nestjs', 'nextjs', 'nuxt', 'react-router'].map((name) => `docs/frameworks/${name}.md`);
const needsBundler = ({ page }) => BUNDLERS.includes(page);
// h3 has two majors that are in use, and Nuxt has the older one.
const isH3 = ({ page }) => page === 'docs/frameworks/h3.md';
const bundler = { ...common, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
const resolutions = {
  NodeNext: {
    files: blocks.filter((block) => !needsBundler(block) && !isH3(block)),
    options: { ...common, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  },
  bundler: { files: blocks.filter((block) => !isH3(block)), options: bundler },
  'h3 2': {
    files: blocks.filter(isH3),
    options: { ...bundler, paths: { h3: [join(root, 'node_modules/h3-2/dist/_entries/node.d.mts')] } },
  },
};

let failures = 0;
function fail(message) {
  failures += 1;
  console.error(message);
}

/** `temp/docs/…/line-12.ts`, line 3 → the page and its line. */
function placeOf({ file, start }) {
  if (file === undefined) return 'options';
  const at = ts.getLineAndCharacterOfPosition(file, start ?? 0).line;
  const block = blocks.find((one) => one.file === file.fileName);
  return block ? `${block.page}:${block.line + at}` : `${relative(root, file.fileName)}:${at + 1}`;
}

for (const [name, { files, options }] of Object.entries(resolutions)) {
  const program = ts.createProgram([...files.map(({ file }) => file), ...declarations], options);
  for (const diagnostic of ts.getPreEmitDiagnostics(program)) {
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
    fail(`${placeOf(diagnostic)} (${name}): ${text}`);
  }
}

const runnable = blocks.filter(({ isRunnable }) => isRunnable);
for (const { page, line, code, file } of runnable) {
  const script = file.replace(/\.ts$/, '.mjs');
  writeFileSync(script, transformSync(code, { loader: 'ts', format: 'esm' }).code);
  // A busy machine may need longer than the default for the first assignment.
  const env = { ...process.env, OURS_ASSIGN_TIMEOUT_MS: '30000' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8', timeout: 120_000, env });
  if (status !== 0) fail(`${page}:${line} ends with ${status}:\n${stderr}${stdout}`);
  // `console.log(…); // what it prints`
  const printed = [...code.matchAll(/^\s*console\.log\(.*\); \/\/ (.+)$/gm)].map(([, text]) => text);
  for (const text of printed) if (!stdout.includes(text)) fail(`${page}:${line} does not print "${text}":\n${stdout}`);
}

rmSync(folder, { recursive: true });
if (failures === 0)
  console.log(`${blocks.length} code blocks of the documents compile; ${runnable.length} of them run.`);
process.exit(failures === 0 ? 0 : 1);
