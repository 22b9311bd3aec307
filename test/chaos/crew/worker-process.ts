import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import type { WorkerPlan } from '../plan/worker-plan.js';
import type { Line } from '../worker/diary.js';
import type { Command, WorkerConfig } from '../worker/main.js';

/** How a process ended. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** A worker, as its parent sees it. */
export interface Worker {
  readonly plan: WorkerPlan;
  readonly end: Promise<WorkerEnd>;
  readonly isRunning: boolean;
  tell(command: Command): void;
  signal(signal: NodeJS.Signals): void;
  /** Returns the lines of its diary since the last call. */
  read(): Line[];
}

/** Workers that must not outlive this process. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export function startWorker(program: string, config: WorkerConfig): Worker {
  const child = spawn(process.execPath, ['--unhandled-rejections=strict', program, JSON.stringify(config)], {
    env: { PATH: process.env.PATH },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk).slice(-4_000);
  });
  // The process may have ended just before the command.
  child.stdin.on('error', () => undefined);
  const end = new Promise<WorkerEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stderr }));
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  return {
    plan: config.plan,
    end,
    get isRunning() {
      return isRunning(child);
    },
    tell: (command) => void child.stdin.write(`${command}\n`),
    signal(signal) {
      if (isRunning(child)) child.kill(signal);
    },
    read: readLines(config.diaryFile),
  };
}

const isRunning = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;

/** Returns a function that reads the new lines of a growing file. It leaves an incomplete last line for the next call. */
function readLines(path: string): () => Line[] {
  let seen = 0;
  return () => {
    const bytes = readFrom(path, seen);
    const whole = bytes.lastIndexOf('\n') + 1;
    seen += whole;
    return bytes
      .toString('utf8', 0, whole)
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  };
}

function readFrom(path: string, position: number): Buffer {
  // The worker may have been killed before it wrote anything.
  if (!existsSync(path)) return Buffer.alloc(0);
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(fstatSync(file).size - position);
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, position));
  } finally {
    closeSync(file);
  }
}
