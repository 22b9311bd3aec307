import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { WorkerConfig } from './work.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Longer than a worker ever lives. */
const MAX_LIFE_MS = 60_000;

/** The worker as one file, which starts in a fraction of the time that a loader takes. */
export interface WorkerProgram {
  readonly path: string;
  remove(): Promise<void>;
}

export async function bundleWorker(): Promise<WorkerProgram> {
  // Within the tree, so that what is not bundled is found from there.
  const parent = join(ROOT, 'artifacts');
  await mkdir(parent, { recursive: true });
  const directory = await mkdtemp(join(parent, 'crash-'));
  const path = join(directory, 'worker.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
    outfile: path,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    external: ['libsql', 'better-sqlite3', 'pg-native'],
    // The CommonJS packages in it require Node's own modules.
    banner: {
      js: "import { createRequire as toRequire } from 'node:module'; const require = toRequire(import.meta.url);",
    },
  });
  return { path, remove: () => rm(directory, { recursive: true, force: true }) };
}

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

export function startWorker({ path }: WorkerProgram, config: WorkerConfig): WorkerProcess {
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
