import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { installPeers } from './install.mjs';
import { fixed, heading, interleave, ratioOf, table, verdict, withSink } from './measure.mjs';

const MIN_RUNS = 15;
/** How much longer than the floor's the longest turn of a serving process may be at its first event, in milliseconds. */
const MAX_STALL_MS = 25;

const require = createRequire(import.meta.url);
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Where each format finds ours; the peers are found by their names. */
const OURS = { ESM: new URL('../dist/index.js', import.meta.url).href, CommonJS: at('../dist/index.cjs') };
const OWN = ['ours', 'ours, assign'];
const QUICKEST_PEER = 'mixpanel';
/** Who can be asked for a first request. */
export const FIRST_REQUESTS = ['node:http', 'fetch', QUICKEST_PEER, ...OWN, 'snowplow', 'segment', 'posthog'];

/** What a fresh process costs, ours and mixpanel's (the quickest peer) in turns. */
export async function run({ runs = MIN_RUNS } = {}) {
  installPeers();
  const times = Math.max(runs, MIN_RUNS);
  await measureImport(times);
  await withSink(async (_sink, url) => {
    const { port } = new URL(url);
    for (const format of Object.keys(OURS))
      await measureFirstRequest(format, ['node:http', QUICKEST_PEER, ...OWN], Number(port), times);
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
  const modules = {
    ours: OURS.ESM,
    mixpanel: 'mixpanel',
    'undici (ours loads a part of it with the first request)': pathToFileURL(require.resolve('undici')).href,
  };
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

/** @param names some of {@link FIRST_REQUESTS} */
export async function measureFirstRequest(format, names, port, times) {
  heading(`fresh process to the first answer, ${format}, medians of ${times}`);
  const child = format === 'ESM' ? './children/cold.mjs' : './children/cold.cjs';
  const results = await interleave(names, times, async (subject) =>
    JSON.parse(await ask(child, JSON.stringify({ subject, port, ours: OURS[format] }))),
  );
  table([
    ['from the first line', 'wall ms', 'fastest', 'CPU ms', 'least'],
    ...results.map(({ wallMs, cpuMs, runs }, index) => {
      const least = (key) => fixed(Math.min(...runs.map((result) => result[key])));
      return [names[index], fixed(wallMs), least('wallMs'), fixed(cpuMs), least('cpuMs')];
    }),
  ]);
  const resultOf = (name) => results[names.indexOf(name)];
  for (const name of OWN) {
    sayRatio(`wall, ${name}/mixpanel`, resultOf(name), resultOf(QUICKEST_PEER), 'wallMs');
    sayRatio(`CPU, ${name}/mixpanel`, resultOf(name), resultOf(QUICKEST_PEER), 'cpuMs');
  }
}

async function measureStall(port, times) {
  heading(`longest turn of a serving process at its first event, medians of ${times}`);
  const names = ['floor', 'ours'];
  const results = await interleave(names, times, async (subject) =>
    JSON.parse(await ask('./children/stall.mjs', JSON.stringify({ subject, port, ours: OURS.ESM }))),
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

function sayRatio(name, ours, theirs, key) {
  const ratio = ratioOf(ours, theirs, key);
  console.log(`${name} ${fixed(ratio, 2)} (≤ 1: ${verdict(ratio <= 1)})`);
}
