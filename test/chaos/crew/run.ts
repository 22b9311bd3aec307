import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { audit, type Finding } from '../books/audit.js';
import { type Account, Books } from '../books/books.js';
import { type Link, startLink } from '../link/link.js';
import type { Schedule } from '../plan/schedule.js';
import { createRandom } from '../random.js';
import { startService } from '../service/service.js';
import { openOutbox } from '../stores/open-outbox.js';
import { type ChaosStore, type Place, through } from '../stores/store.js';
import type { Sample } from '../worker/sampling.js';
import { watchBusyness } from './busyness.js';
import { Crew } from './crew.js';
import { figuresOf } from './figures.js';
import { type Happening, playOut } from './timeline.js';
import { startWorker } from './worker-process.js';

/** Longer than a lease of five minutes: by then, entries that a living relay could not release are available again. */
const PATIENCE_MS = 5.5 * 60_000;
/** A trickle counts as stuck, too. */
const MAX_SETTLING_MS = 2 * PATIENCE_MS;
const READ_MS = 2_000;
const LOOK_MS = 500;
/** How long producers go on after the faults have ended. */
const AFTERGLOW_MS = 1_500;

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
  /** The resource samples of each worker. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
}

/** Plays a schedule, waits until everything has settled, and audits the books. */
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
  // An hour of lines would be too much to read at once.
  const reading = setInterval(() => crew.read(), READ_MS);
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
    clearInterval(reading);
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

/** Waits until no promised event is missing, or until patience runs out. Resolves to the milliseconds it took. */
async function settle(crew: Crew, books: Books, say: (missing: readonly Account[]) => void): Promise<number> {
  const startedAt = performance.now();
  let fewest = Number.POSITIVE_INFINITY;
  let progressAt = startedAt;
  let saidAt = startedAt;
  for (;;) {
    crew.read();
    // A process that has ended delivers nothing more from its memory.
    const missing = books.missing((worker) => crew.isGone(worker));
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
