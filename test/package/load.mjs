// Packs the package, installs the tarball in a fresh folder as a user would, and loads every subpath as ESM and as CJS.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ours-ingest-'));
const run = (command, ...args) =>
  execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

const report = `
  const client = createClient({ token: 'test_token', disabled: true });
  const outcome = await client.track({ event: 'purchase', userId: 'visitor' }).settled();
  const collector = await createCollector();
  const page = await (await fetch(collector.url)).text();
  const assets = page.split('"').filter((text) => text.startsWith('/assets/'));
  const missing = [];
  for (const path of [...assets, '/assets/uPlot.iife.min.js']) {
    if (!(await fetch(collector.url + path)).ok) missing.push(path);
  }
  const isError = isOursError(new OursError('closed', 'x'));
  const compatible = new OursPrivacy({ baseURL: collector.baseUrl });
  const answer = await compatible.track.event({ token: 'test_token', event: 'purchase', userId: 'visitor' });
  await compatible.close();
  console.log(JSON.stringify({ outcome, isError, hasAssets: assets.length > 0, missing, answer }));
  await collector.close();
`;
/** Delivers an event, and says how: only undici's dispatch asks for no content coding, and only the installed undici has many files. */
const delivery = `
  const { createServer } = process.getBuiltinModule('node:http');
  const { Module } = process.getBuiltinModule('node:module');
  let asked;
  const server = createServer((request, response) => {
    asked = request.headers['accept-encoding'];
    request.resume().on('end', () => response.end('{"success":true,"accepted":1,"failed":0}'));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = createClient({ token: 'test_token', baseUrl: 'http://127.0.0.1:' + server.address().port });
  client.track({ event: 'purchase', userId: 'visitor' });
  const { delivered } = await client.close();
  server.close();
  const installed = Object.keys(Module._cache).some((file) => file.includes('node_modules/undici/index.js'));
  console.log(JSON.stringify({ delivered, asked, installed }));
`;
const withoutSqlite = `import { createCollector } from 'ours-ingest/collector';
createCollector().then((collector) => collector.close(), (error) => console.log(error.code, error.message));
`;
const names = '{ createClient, isOursError, OursError }';

try {
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, encoding: 'utf8' }),
  );
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  run('npm', 'install', '--no-audit', '--no-fund', '--silent', `./${filename}`);
  writeFileSync(
    join(folder, 'load.mjs'),
    `import ${names} from 'ours-ingest';\nimport { createCollector } from 'ours-ingest/collector';\nimport OursPrivacy from 'ours-ingest/compat';\n${report}`,
  );
  writeFileSync(
    join(folder, 'load.cjs'),
    `const ${names} = require('ours-ingest');\nconst { createCollector } = require('ours-ingest/collector');\nconst OursPrivacy = require('ours-ingest/compat');\nif (!(new OursPrivacy() instanceof OursPrivacy.default)) throw new Error('not the class');\n(async () => {${report}})();`,
  );
  if (process.getBuiltinModule('node:sqlite') === undefined) {
    writeFileSync(join(folder, 'without-sqlite.mjs'), withoutSqlite);
    assert.match(run('node', 'without-sqlite.mjs'), /^invalid_option .*npm install libsql/);
    run('npm', 'install', '--no-audit', '--no-fund', '--silent', 'libsql@^0.5.29');
  }
  const expected = {
    outcome: { status: 'dropped', reason: 'disabled' },
    isError: true,
    hasAssets: true,
    missing: [],
    answer: { success: true },
  };
  for (const file of ['load.mjs', 'load.cjs']) assert.deepEqual(JSON.parse(run('node', file)), expected, file);

  // Requests go through the undici in the package, and through the installed one once that is a later release.
  const isDirect = (file) => JSON.parse(run('node', file));
  writeFileSync(join(folder, 'send.mjs'), `import { createClient } from 'ours-ingest';\n${delivery}`);
  writeFileSync(
    join(folder, 'send.cjs'),
    `const { createClient } = require('ours-ingest');\n(async () => {${delivery}})();`,
  );
  for (const file of ['send.mjs', 'send.cjs'])
    assert.deepEqual(isDirect(file), { delivered: 1, asked: 'identity', installed: false }, file);
  const manifest = join(folder, 'node_modules/undici/package.json');
  const { version, ...rest } = JSON.parse(readFileSync(manifest, 'utf8'));
  writeFileSync(manifest, JSON.stringify({ ...rest, version: version.replace(/\d+$/, (patch) => Number(patch) + 1) }));
  for (const file of ['send.mjs', 'send.cjs'])
    assert.deepEqual(isDirect(file), { delivered: 1, asked: 'identity', installed: true }, file);

  assert.match(run('npx', 'ours-ingest', '--help'), /dev +run a local collector/);

  // An optional peer that is not installed is named.
  const withoutNest = { cwd: folder, encoding: 'utf8' };
  for (const args of [
    ['--input-type=module', '-e', "import 'ours-ingest/nestjs'"],
    ['-e', "require('ours-ingest/nestjs')"],
  ])
    assert.match(spawnSync('node', args, withoutNest).stderr, /Cannot find (package|module) '@nestjs\/common'/);

  // What only the commands use comes along in the package, with its licences.
  for (const url of ['redis://127.0.0.1:1', 'postgres://127.0.0.1:1/shop']) {
    const [engine] = url.split(':');
    const { stderr } = spawnSync('npx', ['ours-ingest', 'status', `--${engine}`, url], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.match(stderr, /cannot be used: .*ECONNREFUSED/);
  }
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'load', version: '1' } };
  const { stdout, status } = spawnSync('npx', ['ours-ingest', 'mcp'], {
    cwd: folder,
    encoding: 'utf8',
    input: `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`,
  });
  assert.deepEqual([status, JSON.parse(stdout).result.serverInfo.name], [0, 'ours-ingest']);
  const licences = readFileSync(join(folder, 'node_modules/ours-ingest/dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
  for (const name of ['ioredis', 'pg', 'pgpass'])
    assert.match(licences, new RegExp(`^${name} [\\d.]+ \\(MIT\\)$`, 'm'));

  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.deepEqual(Object.keys(dependencies).sort(), ['p-retry', 'undici', 'zod']);
  console.log(`${filename} loads as ESM and CJS, and its command runs.`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
