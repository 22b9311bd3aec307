import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How a child process ended and what it said. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Child {
  readonly end: Promise<ChildEnd>;
  /** Resolves when the child has written its first line. */
  readonly started: Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Runs one of test/process/children in a Node of its own, in which an unhandled rejection is an error. What Node 26 thinks of
 * how tsx registers itself is not heard. `OURS_BASE_URL`
 * and `OURS_TOKEN` are set; whatever else it should know is in `env`.
 */
export function startChild(name: string, baseUrl: string, env: Record<string, string> = {}): Child {
  const path = fileURLToPath(new URL(`../process/children/${name}.ts`, import.meta.url));
  return startProgram(['--import', 'tsx', '--disable-warning=DEP0205', path], baseUrl, env);
}

/** The same for a program that Node runs as it is. */
export function startProgram(args: readonly string[], baseUrl: string, env: Record<string, string> = {}): Child {
  const child = spawn(process.execPath, ['--unhandled-rejections=strict', ...args], {
    env: { PATH: process.env.PATH, OURS_BASE_URL: baseUrl, OURS_TOKEN: 'test_shop', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Longer than any test: a child that hangs does not outlive the run.
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  const started = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk;
      resolve();
    });
    child.once('close', () => resolve());
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const end = new Promise<ChildEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    end,
    started,
    kill: (signal) => void child.kill(signal),
  };
}
