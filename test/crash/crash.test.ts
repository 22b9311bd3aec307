import { afterAll, beforeAll, describe, it } from 'vitest';
import { type CollectedEvent, createCollector, type Fault, type FaultPlan } from '../../src/collector/index.js';
import type { BundledProgram } from '../support/bundle.js';
import { seeded } from '../support/client.js';
import { createStore, missingFor, STORE_KINDS } from '../support/stores.js';
import { drain, killManyTimes, type Member } from './kills.js';
import { bundleWorker } from './worker-process.js';

/** `npm run test:crash` kills 200 times. */
const KILLS = Number(process.env.CRASH_KILLS ?? 10);
const SEED = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 1e6));
const TIMEOUT_MS = 300_000 + KILLS * 20_000;

const both: Member = { tracks: true, relays: true };
const appends: Member = { tracks: true, relays: false };
const delivers: Member = { tracks: false, relays: true };
const CREWS: readonly [string, readonly Member[]][] = [
  ['one process that tracks and delivers', [both]],
  ['two processes that track and deliver', [both, both]],
  ['one process that only appends and two that only deliver', [appends, delivers, delivers]],
];

const FAULTS: readonly Fault[] = [
  { kind: 'status', status: 503, headers: { 'retry-after': '0' } },
  { kind: 'status', status: 500 },
  { kind: 'reset' },
  { kind: 'resetAfter' },
  { kind: 'truncated' },
  { kind: 'rows', code: 'queue_failed', share: 0.3 },
];

let program: BundledProgram;
beforeAll(async () => {
  console.log(`crash seed ${SEED}: CRASH_SEED=${SEED} draws the same moments again`);
  program = await bundleWorker();
});
afterAll(() => program.remove());

describe.for(STORE_KINDS)('killed with SIGKILL at random moments, the %s outbox', (kind) => {
  it.skipIf(missingFor(kind) !== undefined).concurrent.for(CREWS)(
    'loses no confirmed event and has each counted once: %s',
    { timeout: TIMEOUT_MS },
    async ([crew, members], { expect }) => {
      const random = seeded(SEED + STORE_KINDS.indexOf(kind) * 10 + members.length);
      await using collector = await createCollector();
      collector.faults.set(faultsNowAndThen(random));
      const store = await createStore(kind);
      try {
        const startedAt = performance.now();
        const { confirmed, complaints, kills, aheadMs } = await killManyTimes({
          program,
          place: store.place,
          collector,
          members,
          kills: KILLS,
          random,
        });
        const left = await drain(store.place, aheadMs, collector);
        const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
        const arrivals = collector.events();
        console.log(
          `${kind}, ${crew}: ${kills} kills in ${seconds} s, ${confirmed.size} events confirmed, ${arrivals.length} arrived, ${collector.duplicates} of them again`,
        );
        expect(complaints).toEqual([]);
        expect(left).toEqual({ waiting: 0, claimed: 0, deadLetters: 0 });
        const ids = arrivals.flatMap(idsIn);
        const tracked = arrivals.flatMap(({ distinctId }) => distinctId ?? []);
        const known = new Set(ids);
        expect(
          [...confirmed].filter((id) => !known.has(id)),
          'confirmed and lost',
        ).toEqual([]);
        expect(new Set(tracked).size, 'each counted once').toBe(tracked.length);
        expect(collector.duplicates, 'what was sent again was recognised').toBeGreaterThan(0);
        expect(confirmed.size).toBeGreaterThan(10 * KILLS);
        expect(strangersIn(arrivals), 'events that overtook the identify before them').toEqual([]);
      } finally {
        await store.remove();
      }
    },
  );
});

/** The first answer to a batch is always lost; after that one request in 20 meets something. */
function faultsNowAndThen(random: () => number): FaultPlan {
  let isFirst = true;
  return ({ rows }) => {
    if (isFirst && rows !== undefined) {
      isFirst = false;
      return { kind: 'resetAfter' };
    }
    return random() < 0.05 ? FAULTS[Math.floor(random() * FAULTS.length)] : undefined;
  };
}

/** The ids of what was tracked: of an event its own, of an identify that may stand for several those it carries. */
function idsIn({ distinctId, userProperties = {} }: CollectedEvent): string[] {
  return distinctId === undefined ? Object.keys(userProperties) : [distinctId];
}

/** Events that arrived before their visitor was made known. */
function strangersIn(arrivals: readonly CollectedEvent[]): CollectedEvent[] {
  const met = new Set<string | undefined>();
  return arrivals.filter(({ event, userId }) => {
    if (event === '$identify') met.add(userId);
    return !met.has(userId);
  });
}
