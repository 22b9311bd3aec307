import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { installPeers } from './install.mjs';
import { fixed, heading, interleave, median, table, verdict } from './measure.mjs';

const MIN_RUNS = 15;

/** The first `import()` in a fresh process, ours and mixpanel's (the quickest peer) in turns. */
export async function run({ runs = MIN_RUNS } = {}) {
  installPeers();
  const times = Math.max(runs, MIN_RUNS);
  heading(`cold import in a fresh process, medians of ${times}`);
  const require = createRequire(import.meta.url);
  const modules = {
    ours: new URL('../dist/index.js', import.meta.url).href,
    mixpanel: pathToFileURL(require.resolve('mixpanel')).href,
    'undici (ours imports it with the first request)': pathToFileURL(require.resolve('undici')).href,
  };
  const names = Object.keys(modules);
  const child = fileURLToPath(new URL('./children/cold.mjs', import.meta.url));
  const results = await interleave(names, times, async (name) => {
    // No IPC here: the channel would load modules before the clock starts.
    const { stdout } = await promisify(execFile)(process.execPath, [child, modules[name]], {
      timeout: 30_000,
      env: {},
    });
    return { importMs: Number(stdout) };
  });
  table([
    ['import()', 'ms', 'fastest', 'slowest'],
    ...results.map(({ importMs, runs: all }, at) => {
      const each = all.map((result) => result.importMs);
      return [names[at], fixed(importMs), fixed(Math.min(...each)), fixed(Math.max(...each))];
    }),
  ]);
  const [ours, mixpanel] = results;
  const ratio = median(ours.runs.map(({ importMs }, at) => importMs / mixpanel.runs[at].importMs));
  console.log(`ours/mixpanel ${fixed(ratio, 2)} (≤ 1: ${verdict(ours.importMs <= mixpanel.importMs)})`);
  return [];
}
