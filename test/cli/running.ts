import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Command, CommandContext } from '../../src/cli/command.js';
import { testContext } from './context.js';

/** The output of a command, and its error. */
export interface Ran {
  readonly printed: readonly string[];
  readonly warned: readonly string[];
  /** The error that it threw; `undefined` if it succeeded. */
  readonly error: Error | undefined;
}

/** Runs a command to its end. */
export async function run(
  command: Command,
  args: readonly string[],
  given: Partial<CommandContext> = {},
): Promise<Ran> {
  const context = testContext(given);
  const error = await command.run(args, context).then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  return { printed: context.printed, warned: context.warned, error };
}

/** A command in its own process. */
export interface RunningChild {
  readonly process: ChildProcess;
  /** Its exit code, or the signal that ended it. */
  readonly end: Promise<number | NodeJS.Signals>;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

/** Starts `ours-ingest` with only `env` as its environment. */
export function runChild(args: readonly string[], env: Record<string, string>): RunningChild {
  const child = spawn(process.execPath, ['--import', 'tsx', '--disable-warning=DEP0205', 'src/cli/main.ts', ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Longer than any test, so that a hanging child does not outlive the run.
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const end = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  return { process: child, end, stdout: () => stdout, stderr: () => stderr };
}

/** A file in its own folder, which is deleted after the test. */
export async function tempFile(name: string, content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ours-ingest-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

/** The lines of an NDJSON file; none if the file does not exist. */
export async function readLines(file: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
