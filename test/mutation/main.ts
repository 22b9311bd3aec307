// `npm run test:mutation`: changes the sources in one place at a time and asks whether a test notices.
import { explanationOf, staleExplanations } from './explained.js';
import { openKillMemory } from './memory.js';
import { readOptions } from './options.js';
import { describeMutant, report, type Tried } from './report.js';
import { runTests } from './run-tests.js';
import { drawSample, type Trial } from './sample.js';

const ARTIFACTS = 'artifacts/mutation';
/** A run that takes this many times what the unchanged sources take hangs. */
const SLOWDOWN = 4;
const MIN_LIMIT_MS = 60_000;
const MAX_BASELINE_MS = 30 * 60_000;

// Without a listener a signal would end this process and leave its vitest processes.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const options = readOptions(process.argv.slice(2));
const { trials, size } = drawSample(options);
console.log(`mutation: ${trials.length} of ${size} mutants, seed ${options.seed}`);
const memory = openKillMemory(`${ARTIFACTS}/kills.json`);
const baselines = new Map<readonly string[], Promise<number>>();
const tried: Tried[] = [];
const waiting = trials.values();
await Promise.all(Array.from({ length: options.workers }, (_, worker) => work(worker)));
const isEnough = report(tried);
const stale = staleExplanations();
for (const { file, code, mutated } of stale) {
  console.log(`explained, but no such mutant exists any more: ${file}
  - ${code}
  + ${mutated}`);
}
process.exitCode = isEnough && stale.length === 0 ? 0 : 1;

async function work(worker: number): Promise<void> {
  for (const trial of waiting) {
    const result: Tried = {
      mutant: trial.mutant,
      status: await tryMutant(trial, `${ARTIFACTS}/report-${worker}.json`),
    };
    tried.push(result);
    console.log(`${tried.length}/${trials.length} ${result.status}: ${describeMutant(trial.mutant)}`);
  }
}

async function tryMutant({ mutant, tests, roomTests }: Trial, reportPath: string): Promise<Tried['status']> {
  if (explanationOf(mutant) !== undefined) return 'explained';
  if (tests.length === 0) return 'survived';
  if (memory.knows(mutant)) return 'killed';
  const result = await runTests(tests, mutant, await limitFor(roomTests, reportPath), reportPath);
  if (result.status === 'failed' && result.by !== undefined) memory.remember(mutant, result.by);
  return result.status === 'passed' ? 'survived' : result.status === 'failed' ? 'killed' : 'timed out';
}

/** @throws when the tests fail without a mutant: then they would kill every one */
function limitFor(roomTests: readonly string[], reportPath: string): Promise<number> {
  const known = baselines.get(roomTests) ?? measure(roomTests, reportPath);
  baselines.set(roomTests, known);
  return known;
}

async function measure(tests: readonly string[], reportPath: string): Promise<number> {
  const begun = performance.now();
  const result = await runTests(tests, undefined, MAX_BASELINE_MS, `${reportPath}.baseline`);
  if (result.status !== 'passed') {
    const by = result.status === 'failed' && result.by !== undefined ? result.by : tests.join(' ');
    throw new Error(`the tests have to pass before mutants are tried, and ${by} ${result.status}: run it with vitest.`);
  }
  return Math.max(MIN_LIMIT_MS, SLOWDOWN * (performance.now() - begun));
}
