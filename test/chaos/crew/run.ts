import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { audit, type Finding } from '../books/audit.js';
import { type Account, Books } from '../books/books.js';
import { type Link, startLink } from '../link/link.js';
import type { Schedule } from '../plan/schedule.js';
import type { StoreFault } from '../plan/store-plan.js';
import { createRandom } from '../random.js';
import { startService } from '../service/service.js';
import { openOutbox } from '../stores/open-outbox.js';
import { type ChaosStore, type Place, through } from '../stores/store.js';
import type { Sample } from '../worker/sampling.js';
import { watchBusyness } from './busyness.js';
import { Crew } from './crew.js';
import { figuresOf } from './figures.js';
import { settle } from './settle.js';
import { type Happening, playOut } from './timeline.js';
import { startWorker } from './worker-process.js';

const READ_MS = 2_000;
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
    const settling = await settle(crew, books, (missing) =>
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
    if (settling.longestLullMs > settling.maxLullMs) {
      const seconds = Math.round(settling.longestLullMs / 1_000);
      findings.push({ kind: 'late', text: `promised events waited, and none arrived for ${seconds} s` });
    }
    if (service.leaks > 0)
      findings.push({ kind: 'leaked', text: `${service.leaks} requests followed a redirect to another server` });
    return {
      findings: [...findings, ...crew.findings],
      figures: figuresOf(books, service, crew, settling.tookMs, busyness.wasBusyAt),
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
  // One may take longer than planned: a lock is waited for, a server is slow to start. It must not meet the next.
  let storeIsWell: Promise<void> = Promise.resolve();
  const sufferInTurn = (fault: StoreFault, ms: number): Promise<void> => {
    storeIsWell = storeIsWell.then(() => store.suffer(fault, ms));
    return storeIsWell;
  };
  return [
    ...schedule.serviceLink.map(({ from, to, fault }) => ({
      at: from,
      happen: () => serviceLink.suffer(fault, to - from),
    })),
    ...schedule.storeLink.map(({ from, to, fault }) => ({
      at: from,
      happen: () => storeLink!.suffer(fault, to - from),
    })),
    ...schedule.store.map(({ from, to, fault }) => ({ at: from, happen: () => sufferInTurn(fault, to - from) })),
  ];
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
