import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { audit, type Finding } from '../books/audit.js';
import { type Account, Books, maxMemoryMb } from '../books/books.js';
import { type Link, startLink } from '../link/link.js';
import type { Schedule } from '../plan/schedule.js';
import { createRandom } from '../random.js';
import { type ChaosService, startService } from '../service/service.js';
import { openOutbox } from '../stores/open-outbox.js';
import { type ChaosStore, type Place, through } from '../stores/store.js';
import type { Sample } from '../worker/sampling.js';
import { watchBusyness } from './busyness.js';
import { type Happening, playOut } from './timeline.js';
import { startWorker, type Worker, type WorkerEnd } from './worker-process.js';

/** Longer than a lease of five minutes: what a living relay could not give back comes again by then. */
const PATIENCE_MS = 5.5 * 60_000;
/** What comes in drops is stuck as well. */
const MAX_SETTLING_MS = 2 * PATIENCE_MS;
const LOOK_MS = 500;
/** How long events still come when the faults have ended. */
const AFTERGLOW_MS = 1_500;
const CLOSE_MS = 60_000;

export interface RunOptions {
  readonly schedule: Schedule;
  readonly store: ChaosStore;
  readonly program: string;
  /** Where the workers write. */
  readonly directory: string;
  readonly say: (line: string) => void;
}

export interface RunReport {
  readonly findings: readonly Finding[];
  readonly figures: Readonly<Record<string, number>>;
  readonly met: ReadonlyMap<string, number>;
  /** What each worker used, from its start to its end. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
}

/** Plays one schedule out, waits until everything has settled, and closes the books. */
export async function runCrew({ schedule, store, program, directory, say }: RunOptions): Promise<RunReport> {
  await mkdir(directory, { recursive: true });
  const began = performance.now();
  const runBegan = Date.now();
  const elapsedMs = (): number => performance.now() - began;
  const busyness = watchBusyness();
  const service = await startService({
    random: createRandom(`${schedule.seed}/${schedule.crew}/answers`),
    spell: () => schedule.service.find(({ from, to }) => from <= elapsedMs() && elapsedMs() < to),
  });
  const serviceLink = await startLink({ port: () => service.port, isPatient: false });
  const storeLink =
    store.port === undefined ? undefined : await startLink({ port: () => store.port!, isPatient: true });
  const place = storeLink === undefined ? store.place : through(store.place, storeLink.port);
  const books = new Books(service.truth, place.kind === 'memory');
  const crew = new Crew(schedule, books, (plan) =>
    startWorker(program, {
      seed: schedule.seed,
      plan,
      place,
      baseUrl: `http://127.0.0.1:${serviceLink.port}/api/v1`,
      diaryFile: join(directory, `${plan.name}.log`),
      runBegan,
    }),
  );
  try {
    await playOut([...crew.happenings(), ...faultsOf(schedule, store, serviceLink, storeLink)], elapsedMs);
    const remainingMs = schedule.faultMs - elapsedMs();
    if (remainingMs > 0) await sleep(remainingMs);
    crew.read();
    say(`${schedule.crew}: the faults are over; ${books.accounts.size} events so far`);
    await sleep(AFTERGLOW_MS);
    crew.tell('rest');
    const settledMs = await settle(crew, books, (missing) =>
      say(`${schedule.crew}: ${missing.length} events have not arrived, such as ${missing[0]!.id}`),
    );
    await crew.close();
    crew.read();
    const missing = books.missing((worker) => crew.isKilled(worker));
    const findings = audit({
      books,
      truth: service.truth,
      missing,
      inside: await stillInside(store.place, missing),
      isKilled: (worker) => crew.isKilled(worker),
      wasBusyAt: busyness.wasBusyAt,
    });
    if (service.leaks > 0)
      findings.push({ kind: 'leaked', text: `${service.leaks} requests followed a redirect to another server` });
    return {
      findings: [...findings, ...crew.findings],
      figures: figuresOf(books, service, crew, settledMs, busyness.wasBusyAt),
      met: service.met,
      samples: new Map([...books.diarists].map(([name, { samples }]) => [name, samples])),
    };
  } finally {
    busyness.stop();
    crew.kill();
    await Promise.all([serviceLink.close(), storeLink?.close()]);
    await service.close();
  }
}

function faultsOf(schedule: Schedule, store: ChaosStore, serviceLink: Link, storeLink: Link | undefined): Happening[] {
  return [
    ...schedule.serviceLink.map(({ from, to, fault }) => ({
      at: from,
      happen: () => serviceLink.suffer(fault, to - from),
    })),
    ...schedule.storeLink.map(({ from, to, fault }) => ({
      at: from,
      happen: () => storeLink!.suffer(fault, to - from),
    })),
    ...schedule.store.map(({ from, to, fault }) => ({ at: from, happen: () => store.suffer(fault, to - from) })),
  ];
}

/** Waits until nothing that was promised is missing, or nothing has arrived for too long. Resolves to how long it took. */
async function settle(crew: Crew, books: Books, say: (missing: readonly Account[]) => void): Promise<number> {
  const startedAt = performance.now();
  let fewest = Number.POSITIVE_INFINITY;
  let progressAt = startedAt;
  let saidAt = startedAt;
  for (;;) {
    crew.read();
    const missing = books.missing((worker) => crew.isKilled(worker));
    const now = performance.now();
    if (missing.length === 0) return now - startedAt;
    if (missing.length < fewest) {
      fewest = missing.length;
      progressAt = now;
    }
    if (now - progressAt > PATIENCE_MS || now - startedAt > MAX_SETTLING_MS) return now - startedAt;
    if (now - saidAt > 20_000) {
      say(missing);
      saidAt = now;
    }
    await sleep(LOOK_MS);
  }
}

async function stillInside(place: Place, missing: readonly Account[]): Promise<Set<string>> {
  const inside = new Set<string>();
  if (place.kind === 'memory' || missing.length === 0) return inside;
  const { outbox, disconnect } = await openOutbox(place, place.kind === 'postgres' ? 'pg' : 'ioredis');
  for (let at = 0; at < missing.length; at += 500) {
    const known = await outbox.lookUp(missing.slice(at, at + 500).map(({ id }) => id));
    for (const [id, what] of known) if (what === 'inside') inside.add(id);
  }
  await outbox.close();
  await disconnect();
  return inside;
}

/** The workers of a run. */
class Crew {
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

  tell(command: 'rest'): void {
    for (const worker of this.#workers) if (worker.isRunning) worker.tell(command);
  }

  read(): void {
    for (const worker of this.#workers) this.#books.enter(worker.plan.name, worker.read());
  }

  /** Closes everybody who is left. */
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

  /** Every wait has an end, that for a process included. */
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
    if (signal === 'SIGKILL') return;
    this.findings.push({ kind: 'died', text: `${name} ended with ${signal ?? code}: ${stderr.trim()}` });
  }
}

function figuresOf(
  books: Books,
  { truth }: ChaosService,
  crew: Crew,
  settledMs: number,
  wasBusyAt: (at: number) => boolean,
): Record<string, number> {
  const accounts = [...books.accounts.values()];
  const told = accounts.flatMap(({ told: words }) => words);
  return {
    processes: crew.size,
    kills: crew.kills,
    events: accounts.length,
    confirmed: accounts.filter(({ isConfirmed }) => isConfirmed).length,
    arrived: truth.tracks.size + truth.identifies.size,
    repeated: truth.repeats,
    outcomes: told.length,
    'outcomes that are not delivered': told.filter(({ status }) => status !== 'delivered').length,
    'settled after s': Math.round(settledMs / 1_000),
    'most memory, MB': Math.max(...[...books.diarists.values()].map(maxMemoryMb)),
    'order not judged': truth.contradictions.filter(({ kind, at }) => kind === 'order' && wasBusyAt(at)).length,
  };
}
