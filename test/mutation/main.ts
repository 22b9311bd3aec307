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
/** What a room's tests do without a mutant. */
interface Baseline {
  readonly passing: ReadonlySet<string>;
  readonly limitMs: number;
}

const options = readOptions(process.argv.slice(2));
const { trials, size } = drawSample(options);
console.log(`mutation: ${trials.length} of ${size} mutants, seed ${options.seed}`);
const memory = openKillMemory(`${ARTIFACTS}/kills.json`);
const baselines = new Map<readonly string[], Promise<Baseline>>();
const leftOut = new Set<string>();
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
for (const test of leftOut) console.log(`left out, because it fails without a mutant: ${test}`);
process.exitCode = isEnough && stale.length === 0 && leftOut.size === 0 ? 0 : 1;

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
  const { passing, limitMs } = await baselineOf(roomTests, reportPath);
  const usable = tests.filter((test) => passing.has(test));
  if (usable.length === 0) return 'survived';
  const result = await runTests(usable, mutant, limitMs, reportPath);
  if (result.status === 'failed' && result.by[0] !== undefined) memory.remember(mutant, result.by[0]);
  return result.status === 'passed' ? 'survived' : result.status === 'failed' ? 'killed' : 'timed out';
}

function baselineOf(roomTests: readonly string[], reportPath: string): Promise<Baseline> {
  const known = baselines.get(roomTests) ?? measure(roomTests, `${reportPath}.baseline`);
  baselines.set(roomTests, known);
  return known;
}

/** A test that fails without a mutant would kill every one. */
async function measure(tests: readonly string[], reportPath: string): Promise<Baseline> {
  const begun = performance.now();
  const result = await runTests(tests, undefined, MAX_BASELINE_MS, reportPath);
  const failing = result.status === 'failed' ? result.by : [];
  if (result.status !== 'passed' && failing.length === 0) {
    throw new Error(`without a mutant the tests ${result.status}: run ${tests.join(' ')} with vitest.`);
  }
  for (const test of failing) leftOut.add(test);
  return {
    passing: new Set(tests.filter((test) => !failing.includes(test))),
    limitMs: Math.max(MIN_LIMIT_MS, SLOWDOWN * (performance.now() - begun)),
  };
}
