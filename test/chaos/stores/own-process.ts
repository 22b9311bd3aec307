import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Account } from '../../support/services/own-server.js';

const START_MS = 60_000;

export interface OwnProcessOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly account: Account | undefined;
  /** Rejects until the server can be used. */
  readonly check: () => Promise<void>;
}

/** A server for this run only. It can be stopped, restarted and frozen. */
export class OwnProcess {
  readonly #options: OwnProcessOptions;
  #child: ChildProcess | undefined;

  constructor(options: OwnProcessOptions) {
    this.#options = options;
    process.once('exit', () => this.#child?.kill('SIGKILL'));
  }

  /** Resolves when the server can be used. */
  async start(): Promise<void> {
    const { program, args, cwd, account, check } = this.#options;
    const deadline = performance.now() + START_MS;
    for (;;) {
      if (this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null)
        this.#child = spawn(program, args, { cwd, stdio: 'ignore', ...account });
      const trouble = await check().catch((error: unknown) => error);
      if (trouble === undefined) return;
      if (performance.now() > deadline) throw new Error(`${program} did not start`, { cause: trouble });
      await sleep(50);
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'close');
    child.kill(signal);
    await ended;
  }

  async restart(signal: NodeJS.Signals, downMs: number): Promise<void> {
    await this.end(signal);
    await sleep(downMs);
    await this.start();
  }

  /** Stops the server and its child processes for a while. */
  async freeze(ms: number): Promise<void> {
    const pid = this.#child!.pid!;
    // The parent first, so that it starts no more children.
    kill(pid, 'SIGSTOP');
    const all = [pid, ...childrenOf(pid)];
    for (const one of all) kill(one, 'SIGSTOP');
    await sleep(ms);
    for (const one of all) kill(one, 'SIGCONT');
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // The process has already ended.
  }
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
