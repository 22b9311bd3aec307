import { setTimeout as sleep } from 'node:timers/promises';
import type { Finding } from '../books/audit.js';
import type { Books } from '../books/books.js';
import type { Schedule } from '../plan/schedule.js';
import type { Happening } from './timeline.js';
import type { Worker, WorkerEnd } from './worker-process.js';

const CLOSE_MS = 60_000;

/** The workers of a run: started, paused and ended as the schedule says. */
export class Crew {
  readonly findings: Finding[] = [];
  kills = 0;
  readonly #schedule: Schedule;
  readonly #books: Books;
  readonly #start: (plan: Worker['plan']) => Worker;
  readonly #workers: Worker[] = [];
  readonly #killed = new Set<string>();

  constructor(schedule: Schedule, books: Books, start: (plan: Worker['plan']) => Worker) {
    this.#schedule = schedule;
    this.#books = books;
    this.#start = start;
  }

  get size(): number {
    return this.#workers.length;
  }

  happenings(): Happening[] {
    return this.#schedule.workers.flatMap((plan) => {
      let worker: Worker | undefined;
      const pauses = plan.pauses.map(({ at, ms }) => ({
        at,
        async happen() {
          worker?.signal('SIGSTOP');
          await sleep(ms);
          worker?.signal('SIGCONT');
        },
      }));
      return [
        {
          at: plan.startAt,
          happen: () => {
            worker = this.#start(plan);
            this.#workers.push(worker);
            void worker.end.then((end) => this.#noteEnd(plan.name, end));
          },
        },
        ...pauses,
        ...(plan.endAt === undefined ? [] : [{ at: plan.endAt, happen: () => this.#end(worker!) }]),
      ];
    });
  }

  isKilled(name: string): boolean {
    return this.#killed.has(name);
  }

  /** Whether the process has ended, in whichever way. */
  isGone(name: string): boolean {
    return !this.#workers.some(({ plan, isRunning }) => plan.name === name && isRunning);
  }

  tell(command: 'rest'): void {
    for (const worker of this.#workers) if (worker.isRunning) worker.tell(command);
  }

  read(): void {
    for (const worker of this.#workers) this.#books.enter(worker.plan.name, worker.read());
  }

  /** Closes the survivors. */
  async close(): Promise<void> {
    const running = this.#workers.filter(({ isRunning }) => isRunning);
    for (const worker of running) worker.tell('close');
    await Promise.all(running.map((worker) => this.#mustEnd(worker, 'closed')));
  }

  kill(): void {
    for (const worker of this.#workers) worker.signal('SIGKILL');
  }

  async #end(worker: Worker): Promise<void> {
    const { name, ending } = worker.plan;
    if (ending === 'kill') {
      this.kills += 1;
      this.#killed.add(name);
      worker.signal('SIGKILL');
      return;
    }
    worker.tell(ending === 'close' ? 'close' : 'end');
    await this.#mustEnd(worker, ending === 'close' ? 'closed' : 'out of work');
  }

  /** Waits for a process to end. One that does not end in time is a finding, and is killed. */
  async #mustEnd(worker: Worker, why: string): Promise<void> {
    const late = new AbortController();
    const isLate = await Promise.race([
      worker.end.then(() => false),
      sleep(CLOSE_MS, true, { signal: late.signal }).catch(() => false),
    ]);
    late.abort();
    if (!isLate) return;
    this.findings.push({
      kind: 'stuck',
      text: `${worker.plan.name} was ${why} and had not ended after ${CLOSE_MS} ms`,
    });
    this.#killed.add(worker.plan.name);
    worker.signal('SIGKILL');
  }

  #noteEnd(name: string, { code, signal, stderr }: WorkerEnd): void {
    if (code === 0 || this.#killed.has(name)) return;
    this.findings.push({ kind: 'died', text: `${name} ended with ${signal ?? code}: ${stderr.trim()}` });
  }
}
