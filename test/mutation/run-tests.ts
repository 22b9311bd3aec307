import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mutant } from './mutate.js';
import type { MutantRun } from './vitest.config.js';

export type TestResult =
  | { readonly status: 'passed' }
  /** `by` are test files; none where the run failed without one, by an unhandled rejection for instance. */
  | { readonly status: 'failed'; readonly by: readonly string[] }
  | { readonly status: 'timed out' };

/** Runs tests against the sources with one mutant in them, or as they are, and with a mutant stops at the first that fails. */
export async function runTests(
  tests: readonly string[],
  mutant: Mutant | undefined,
  limitMs: number,
  report: string,
): Promise<TestResult> {
  const root = process.cwd();
  const run: MutantRun = { root, mutant, tests, report: join(root, report) };
  await rm(run.report, { force: true });
  const child = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/mutation/vitest.config.ts', ...tests],
    // A group of its own: a mutant that never ends is in one of vitest's processes.
    { detached: true, stdio: 'ignore', env: { ...process.env, MUTANT_RUN: JSON.stringify(run) } },
  );
  const killAll = (): void => void process.kill(-child.pid!, 'SIGKILL');
  process.once('exit', killAll);
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    killAll();
  }, limitMs);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  clearTimeout(limit);
  process.off('exit', killAll);
  if (isLate) return { status: 'timed out' };
  return code === 0 ? { status: 'passed' } : { status: 'failed', by: await readFailures(run) };
}

async function readFailures({ report, root }: MutantRun): Promise<readonly string[]> {
  const text = await readFile(report, 'utf8').catch(() => '{}');
  const { testResults = [] } = JSON.parse(text) as { testResults?: { status: string; name: string }[] };
  return testResults.filter(({ status }) => status === 'failed').map(({ name }) => name.slice(root.length + 1));
}
