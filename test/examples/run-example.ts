import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** An example's output and exit code. */
export interface ExampleEnd {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs an example like `npm run example NAME`, until it exits. */
export async function runExample(name: string, env: Record<string, string> = {}): Promise<ExampleEnd> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/run.ts', name], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Longer than any test, so that an example that hangs does not outlive the run.
    timeout: 590_000,
    killSignal: 'SIGKILL',
  });
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { code, output, errors };
}
