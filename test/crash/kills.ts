import { setTimeout as sleep } from 'node:timers/promises';
import { buildClient } from '../../src/client/client.js';
import type { Collector } from '../../src/collector/index.js';
import { nodePlatform } from '../../src/runtime/platform-node.js';
import type { BundledProgram } from '../support/bundle.js';
import { openOutbox, type Place } from '../support/stores.js';
import type { WorkerConfig } from './work.js';
import { startWorker, type WorkerEnd } from './worker-process.js';

/** What one of several processes on a store does. */
export type Member = Pick<WorkerConfig, 'tracks' | 'relays'>;

/** Longer than a lease of the client's relay, so that those who come next have what the dead had claimed. */
const ROUND_AHEAD_MS = 10 * 60_000;
/** A worker lives so many times as long as it takes to start, at the most: on a busy machine it gets as much done. */
const MAX_LIVES = 1.5;
/** How often one is killed before it is ready. */
const EARLY_KILLS = 0.15;
/** Many times of what it takes to start delivering what is left, and of what each event of it takes. */
const MAX_DRAIN_MS = { start: 120_000, event: 10 };

export interface KillOptions {
  readonly program: BundledProgram;
  readonly place: Place;
  readonly collector: Collector;
  /** Who runs at once; all of them are killed, each at a moment of its own, before the next ones start. */
  readonly members: readonly Member[];
  readonly kills: number;
  readonly random: () => number;
}

export interface Killed {
  /** Ids of the events whose `stored()` had resolved. */
  readonly confirmed: ReadonlySet<string>;
  /** What the workers complained of, beside the service's being down now and then. */
  readonly complaints: readonly string[];
  readonly kills: number;
  /** By how much whoever comes next must be ahead. */
  readonly aheadMs: number;
}

/** Runs workers on one store and kills them at random moments, until `kills` of them are dead. */
export async function killManyTimes({ members, kills, random, ...options }: KillOptions): Promise<Killed> {
  const { program, place, collector } = options;
  const confirmed = new Set<string>();
  const complaints: string[] = [];
  let killed = 0;
  let startMs = 200;
  let aheadMs = 0;
  for (let round = 0; killed < kills; round += 1, aheadMs += ROUND_AHEAD_MS) {
    const ends = await Promise.all(
      members.map(async (member, index): Promise<WorkerEnd> => {
        const config = { ...member, name: `${round}-${index}`, place, aheadMs, baseUrl: collector.baseUrl };
        const isEarly = random() < EARLY_KILLS;
        const moment = random();
        const startedAt = performance.now();
        const worker = startWorker(program, config);
        if (isEarly) await sleep(moment * startMs);
        else {
          await worker.ready;
          startMs = performance.now() - startedAt;
          await sleep(moment * MAX_LIVES * startMs);
        }
        return worker.kill();
      }),
    );
    for (const { confirmed: ids, wasKilled, stderr } of ends) {
      killed += 1;
      for (const id of ids) confirmed.add(id);
      if (!wasKilled) throw new Error(`a worker ended by itself: ${stderr}`);
      complaints.push(...stderr.split('\n').filter((line) => line !== '' && !line.includes('takes no events')));
    }
  }
  return { confirmed, complaints, kills: killed, aheadMs };
}

/** What is left in an outbox. */
export interface Left {
  readonly waiting: number;
  readonly claimed: number;
  readonly deadLetters: number;
}

/** Delivers what is in the outbox; resolves to what is left when there is nothing to deliver or when it takes too long. */
export async function drain(place: Place, aheadMs: number, { baseUrl }: Collector): Promise<Left> {
  const { outbox, disconnect } = await openOutbox(place, aheadMs);
  const client = buildClient(
    { token: 'test_crash', baseUrl, outbox, flushIntervalMs: 20, logger: { warn: () => undefined } },
    { ...nodePlatform, env: {} },
  );
  try {
    const before = await outbox.stats();
    const deadline = performance.now() + MAX_DRAIN_MS.start + MAX_DRAIN_MS.event * (before.waiting + before.claimed);
    for (;;) {
      const { waiting, claimed } = await outbox.stats();
      if (waiting + claimed === 0 || performance.now() > deadline) {
        return { waiting, claimed, deadLetters: await outbox.deadLetters.count() };
      }
      await sleep(20);
    }
  } finally {
    await client.close();
    await disconnect();
  }
}
