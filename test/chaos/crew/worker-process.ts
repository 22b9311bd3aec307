import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { WorkerPlan } from '../plan/worker-plan.js';
import type { Line } from '../worker/diary.js';
import type { Command, WorkerConfig } from '../worker/main.js';

/** How a process ended. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** One worker, as its parent sees it. */
export interface Worker {
  readonly plan: WorkerPlan;
  readonly end: Promise<WorkerEnd>;
  readonly isRunning: boolean;
  tell(command: Command): void;
  signal(signal: NodeJS.Signals): void;
  /** What it has written down since the last call. */
  read(): Line[];
}

/** None of them outlives this process. */
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
  // A command to a process that has just ended.
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

/** Reads a growing file of lines of JSON; what comes after the last line's end is half a line. */
function readLines(path: string): () => Line[] {
  let seen = 0;
  return () => {
    const text = tryToRead(path).subarray(seen);
    const whole = text.lastIndexOf('\n') + 1;
    seen += whole;
    return text
      .toString('utf8', 0, whole)
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  };
}

function tryToRead(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
