import type { Random } from '../random.js';
import { type ClockPlan, planClock } from './clock-plan.js';
import type { CrewName } from './schedule.js';

/** How a worker ends: killed, closed, or out of work. A survivor is closed after everything has settled. */
export type WorkerEnding = 'kill' | 'close' | 'natural' | 'survives';

/** One process of a run. Times are milliseconds since the run began. */
export interface WorkerPlan {
  readonly name: string;
  readonly produces: boolean;
  readonly relays: boolean;
  readonly startAt: number;
  /** `undefined` for a survivor. */
  readonly endAt: number | undefined;
  readonly ending: WorkerEnding;
  /** When it is stopped with SIGSTOP, and for how long. */
  readonly pauses: readonly { readonly at: number; readonly ms: number }[];
  readonly clock: ClockPlan;
  readonly concurrency: number;
  readonly flushAt: number;
  /** For a memory outbox only. */
  readonly maxQueueSize: number;
  readonly whenFull: 'drop-newest' | 'drop-oldest';
  /** At most this many events at once, then a wait of at most `gapMs`. */
  readonly burst: number;
  readonly gapMs: number;
  /** The client package that opens the store. */
  readonly driver: 'ioredis' | 'redis' | 'pg';
  /** The share of events whose request the service never accepts. */
  readonly poison: number;
}

interface Seat {
  readonly name: string;
  readonly produces: boolean;
  readonly relays: boolean;
  /** Whether the same process runs from start to end. */
  readonly isSteady: boolean;
}

const ALONE: readonly Seat[] = [
  { name: 'a', produces: true, relays: true, isSteady: true },
  { name: 'b', produces: true, relays: true, isSteady: false },
];
const SHARED: readonly Seat[] = [
  { name: 'a', produces: true, relays: false, isSteady: false },
  { name: 'b', produces: true, relays: true, isSteady: false },
  { name: 'c', produces: false, relays: true, isSteady: true },
];

const MIN_LIFE_MS = 2_500;
const MAX_LIFE_MS = 40_000;
/** No worker is replaced so late that its successor would see no faults. */
const LAST_ENDING_MS = 4_000;

/** Plans one process after the other for each seat. The last one of each seat survives. */
export function planWorkers(random: Random, crew: CrewName, faultMs: number): WorkerPlan[] {
  // Processes that share a file run on one machine and share its clock.
  const machine = crew === 'sqlite' ? planClock(random.fork('machine'), faultMs) : undefined;
  return (crew === 'memory' ? ALONE : SHARED).flatMap((seat) =>
    planSeat(random.fork(seat.name), seat, crew, faultMs, machine),
  );
}

function planSeat(
  random: Random,
  seat: Seat,
  crew: CrewName,
  faultMs: number,
  machine: ClockPlan | undefined,
): WorkerPlan[] {
  const plans: WorkerPlan[] = [];
  for (let startAt = 0, n = 0; ; n += 1) {
    const lifeMs = random.between(MIN_LIFE_MS, Math.min(faultMs / 3, MAX_LIFE_MS));
    const isLast = seat.isSteady || startAt + lifeMs > faultMs - LAST_ENDING_MS;
    const endAt = isLast ? undefined : startAt + lifeMs;
    plans.push({
      name: `${seat.name}${n}`,
      produces: seat.produces,
      relays: seat.relays,
      startAt,
      endAt,
      ending: isLast ? 'survives' : pickEnding(random, crew),
      pauses: planPauses(random, startAt, endAt ?? faultMs),
      clock: machine ?? planClock(random, faultMs),
      concurrency: random.pick([1, 2, 4]),
      flushAt: random.pick([10, 50, 100]),
      maxQueueSize: random.pick([300, 100_000, 100_000]),
      whenFull: random.pick(['drop-newest', 'drop-oldest'] as const),
      burst: random.pick([1, 5, 20]),
      gapMs: random.pick([30, 100, 300]),
      driver: crew === 'postgres' ? 'pg' : random.pick(['ioredis', 'redis'] as const),
      poison: random.pick([0, 0.003, 0.01]),
    });
    if (endAt === undefined) return plans;
    startAt = endAt + random.between(0, 1_000);
  }
}

function pickEnding(random: Random, crew: CrewName): WorkerEnding {
  // An open connection keeps a process alive.
  const hasConnection = crew === 'redis' || crew === 'postgres';
  return random.pick(
    hasConnection ? (['kill', 'kill', 'close'] as const) : (['kill', 'kill', 'close', 'natural'] as const),
  );
}

function planPauses(random: Random, from: number, to: number): { at: number; ms: number }[] {
  const pauses: { at: number; ms: number }[] = [];
  for (let at = from + random.between(2_000, 20_000); at < to; at += random.between(5_000, 30_000)) {
    const ms = random.between(100, random.chance(0.2) ? 8_000 : 2_000);
    pauses.push({ at, ms });
    at += ms;
  }
  return pauses;
}
