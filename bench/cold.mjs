import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { installPeers } from './install.mjs';
import { fixed, heading, interleave, median, table, verdict, withSink } from './measure.mjs';

const MIN_RUNS = 15;
/** How much longer than the floor's the longest turn of a serving process may be at its first event, in milliseconds. */
const MAX_STALL_MS = 25;

const require = createRequire(import.meta.url);
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Where each format finds the subjects' modules. */
const MODULES = {
  ESM: { ours: new URL('../dist/index.js', import.meta.url).href, mixpanel: mixpanelUrl() },
  CommonJS: { ours: at('../dist/index.cjs'), mixpanel: mixpanelPath() },
};

/** What a fresh process costs, ours and mixpanel's (the quickest peer) in turns. */
export async function run({ runs = MIN_RUNS } = {}) {
  installPeers();
  const times = Math.max(runs, MIN_RUNS);
  await measureImport(times);
  await withSink(async (_sink, url) => {
    const { port } = new URL(url);
    for (const format of Object.keys(MODULES)) await measureFirstRequest(format, Number(port), times);
    await measureStall(Number(port), times);
  });
  return [];
}

/** A child has no IPC channel here, which would load modules before the clock starts. */
async function ask(child, argument) {
  const { stdout } = await promisify(execFile)(process.execPath, [at(child), argument], { timeout: 30_000, env: {} });
  return stdout;
}

async function measureImport(times) {
  heading(`cold import in a fresh process, medians of ${times}`);
  const { ours, mixpanel } = MODULES.ESM;
  const modules = { ours, mixpanel, 'undici (ours loads a part of it with the first request)': undiciUrl() };
  const names = Object.keys(modules);
  const results = await interleave(names, times, async (name) => ({
    importMs: Number(await ask('./children/import.mjs', modules[name])),
  }));
  table([
    ['import()', 'ms', 'fastest', 'slowest'],
    ...results.map(({ importMs, runs }, index) => {
      const each = runs.map((result) => result.importMs);
      return [names[index], fixed(importMs), fixed(Math.min(...each)), fixed(Math.max(...each))];
    }),
  ]);
  sayRatio('ours/mixpanel', results[0], results[1], 'importMs');
}

async function measureFirstRequest(format, port, times) {
  heading(`fresh process to the first answer, ${format}, medians of ${times}`);
  const child = format === 'ESM' ? './children/cold.mjs' : './children/cold.cjs';
  const names = ['node:http', 'mixpanel', 'ours', 'ours, assign'];
  const results = await interleave(names, times, async (subject) =>
    JSON.parse(await ask(child, JSON.stringify({ subject, port, ...MODULES[format] }))),
  );
  table([
    ['from the first line', 'wall ms', 'fastest', 'CPU ms', 'least'],
    ...results.map(({ wallMs, cpuMs, runs }, index) => {
      const least = (key) => fixed(Math.min(...runs.map((result) => result[key])));
      return [names[index], fixed(wallMs), least('wallMs'), fixed(cpuMs), least('cpuMs')];
    }),
  ]);
  const [, mixpanel, ...ours] = results;
  for (const [index, result] of ours.entries()) {
    const name = index === 0 ? 'first event' : 'first assignment';
    sayRatio(`${name}, wall, ours/mixpanel`, result, mixpanel, 'wallMs');
    sayRatio(`${name}, CPU, ours/mixpanel`, result, mixpanel, 'cpuMs');
  }
}

async function measureStall(port, times) {
  heading(`longest turn of a serving process at its first event, medians of ${times}`);
  const names = ['floor', 'ours'];
  const results = await interleave(names, times, async (subject) =>
    JSON.parse(await ask('./children/stall.mjs', JSON.stringify({ subject, port, ...MODULES.ESM }))),
  );
  table([
    ['undici loaded', 'wall ms', 'CPU ms'],
    ...results.map(({ longestMs, longestCpuMs }, index) => [
      index === 0 ? 'at the start (floor)' : 'with the event (ours)',
      fixed(longestMs),
      fixed(longestCpuMs),
    ]),
  ]);
  const [floor, ours] = results;
  for (const [what, key] of [
    ['wall', 'longestMs'],
    ['CPU', 'longestCpuMs'],
  ]) {
    const beyond = ours[key] - floor[key];
    console.log(
      `${what}: ours beyond the floor ${fixed(beyond)} ms (≤ ${MAX_STALL_MS}: ${verdict(beyond <= MAX_STALL_MS)})`,
    );
  }
}

/** The median of the ratios of each run. */
function sayRatio(name, ours, theirs, key) {
  const ratio = median(ours.runs.map((result, index) => result[key] / theirs.runs[index][key]));
  console.log(`${name} ${fixed(ratio, 2)} (≤ 1: ${verdict(ratio <= 1)})`);
}

// Not resolved when this module is loaded: the peers may not be installed yet.
function mixpanelPath() {
  return at('./node_modules/mixpanel/lib/mixpanel-node.js');
}

function mixpanelUrl() {
  return pathToFileURL(mixpanelPath()).href;
}

function undiciUrl() {
  return pathToFileURL(require.resolve('undici')).href;
}
