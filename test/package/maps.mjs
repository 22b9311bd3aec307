// Holds the maps of the package against what is packed, and follows them as an editor and a stack trace do.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What it has, sources and maps included, and a third more. */
const MAX_PACKED_BYTES = 2_900_000;

const [{ files, size }] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: root }).toString());
const packed = new Set(files.map(({ path }) => path));
assert.ok(size <= MAX_PACKED_BYTES, `the package has ${size} bytes, more than ${MAX_PACKED_BYTES}`);

const maps = [...packed].filter((path) => path.endsWith('.map'));
for (const path of maps) {
  const { sources, sourcesContent = [] } = JSON.parse(readFileSync(join(root, path), 'utf8'));
  for (const [i, source] of sources.entries()) {
    const file = normalize(join(dirname(path), source));
    assert.ok(packed.has(file) || sourcesContent[i], `${path} points to ${file}, which is not in the package`);
  }
}
const code = [...packed].filter((path) => /^dist\/(?!assets|vendor).*\.(?:c?js|d\.c?ts)$/.test(path));
for (const path of code) {
  assert.ok(packed.has(`${path}.map`), `${path} has no map`);
  assert.match(readFileSync(join(root, path), 'utf8'), /\n\/\/# sourceMappingURL=\S+\.map\s*$/, path);
}

const folder = mkdtempSync(join(tmpdir(), 'ours-ingest-'));
try {
  // An editor goes to the sources.
  const program = `import { createClient } from 'ours-ingest';
import { type Collector, createCollector } from 'ours-ingest/collector';
const ours = createClient();
const collector: Collector = await createCollector();
ours.track({ event: 'purchase' });
await collector.waitFor({ verdict: 'counted' });
`;
  const main = join(folder, 'main.mts');
  writeFileSync(main, program);
  execFileSync('mkdir', [join(folder, 'node_modules')]);
  symlinkSync(root, join(folder, 'node_modules/ours-ingest'));
  const options = { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022, types: [] };
  const service = ts.createLanguageService({
    getScriptFileNames: () => [main],
    getScriptVersion: () => '1',
    getScriptSnapshot: (file) =>
      existsSync(file) ? ts.ScriptSnapshot.fromString(readFileSync(file, 'utf8')) : undefined,
    getCurrentDirectory: () => folder,
    getCompilationSettings: () => options,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    realpath: ts.sys.realpath,
  });
  for (const [word, file, line] of [
    ['createClient', 'src/index.ts', 'export function createClient'],
    ['createCollector', 'src/collector/collector.ts', 'export async function createCollector'],
    ['waitFor', 'src/collector/collector.ts', '  waitFor('],
    ['track', 'src/client/types.ts', '  track'],
  ]) {
    const at = program.lastIndexOf(word) + 1;
    const [definition] = service.getDefinitionAtPosition(main, at) ?? [];
    assert.ok(definition, `${word} has no definition`);
    // What an editor's server does next; TypeScript names it in no declaration.
    const { fileName, pos } =
      service
        .getSourceMapper()
        .tryGetSourcePosition({ fileName: definition.fileName, pos: definition.textSpan.start }) ?? definition;
    assert.equal(fileName.slice(root.length), file, word);
    const text = readFileSync(fileName, 'utf8');
    const start = text.lastIndexOf('\n', pos) + 1;
    assert.ok(text.slice(start).startsWith(line), `${word}: ${text.slice(start, start + 80)}`);
  }

  // And so does a stack trace.
  for (const [file, source] of [
    ['main.mjs', "import { createClient } from 'ours-ingest'; createClient({ token: 1 });"],
    ['main.cjs', "require('ours-ingest').createClient({ token: 1 });"],
  ]) {
    writeFileSync(join(folder, file), source);
    const script = `import(${JSON.stringify(join(folder, file))}).catch((error) => console.log(error.stack))`;
    const stack = execFileSync(process.execPath, ['--enable-source-maps', '-e', script], { encoding: 'utf8' });
    assert.match(stack, /\/src\/client\/options\.ts:\d+/, file);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${maps.length} maps lead to what is packed; the package has ${size} bytes.`);
