import { spawn } from 'node:child_process';
import { type BundledProgram, bundleProgram } from '../support/bundle.js';
import type { WorkerConfig } from './work.js';

/** Longer than a worker ever lives. */
const MAX_LIFE_MS = 60_000;

export const bundleWorker = (): Promise<BundledProgram> => bundleProgram(new URL('worker.ts', import.meta.url));

/** How a worker ended, and what it had confirmed by then. */
export interface WorkerEnd {
  readonly confirmed: readonly string[];
  /** Whether it was the kill that ended it. */
  readonly wasKilled: boolean;
  readonly stderr: string;
}

export interface WorkerProcess {
  /** Resolves when its client is there, or when it has ended before. */
  readonly ready: Promise<void>;
  kill(): Promise<WorkerEnd>;
}

export function startWorker({ path }: BundledProgram, config: WorkerConfig): WorkerProcess {
  const child = spawn(process.execPath, ['--unhandled-rejections=strict', path, JSON.stringify(config)], {
    env: { PATH: process.env.PATH },
    stdio: 'pipe',
    timeout: MAX_LIFE_MS,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk;
      resolve();
    });
    child.once('close', () => resolve());
  });
  const end = new Promise<WorkerEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (_, signal) => {
      // What comes after the last line's end is half a line.
      const confirmed = stdout
        .split('\n')
        .slice(0, -1)
        .filter((line) => line !== 'ready');
      resolve({ confirmed, wasKilled: signal === 'SIGKILL' && child.killed, stderr });
    });
  });
  return {
    ready,
    kill() {
      child.kill('SIGKILL');
      return end;
    },
  };
}
