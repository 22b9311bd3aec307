import { HONEST_CLOCK } from '../chaos/plan/clock-plan.js';
import type { LinkSpell } from '../chaos/plan/link-plan.js';
import type { CrewName, Schedule } from '../chaos/plan/schedule.js';

/** The share of faulty answers. */
const CHANCE = 0.03;
const CUT_EVERY_MS = 15_000;

/** Plans one process with a steady rate, a few faulty answers, and connections that are cut now and then. */
export function planMildly(seed: number, crew: CrewName, ms: number): Schedule {
  const cuts = (offsetMs: number): LinkSpell[] =>
    Array.from({ length: Math.floor(ms / CUT_EVERY_MS) }, (_, n) => n * CUT_EVERY_MS + offsetMs).map((at) => ({
      from: at,
      to: at,
      fault: 'cut',
    }));
  return {
    seed,
    crew,
    faultMs: ms,
    service: [
      {
        from: 0,
        to: ms,
        chance: CHANCE,
        faults: ['429', '500', '503', 'page 502', 'reset, all taken', 'answer cut short', 'some rows fail'],
      },
    ],
    serviceLink: cuts(5_000),
    storeLink: crew === 'redis' || crew === 'postgres' ? cuts(12_000) : [],
    store: [],
    workers: [
      {
        name: 'a0',
        produces: true,
        relays: true,
        startAt: 0,
        endAt: undefined,
        ending: 'survives',
        pauses: [],
        clock: HONEST_CLOCK,
        concurrency: 4,
        flushAt: 100,
        maxQueueSize: 100_000,
        whenFull: 'drop-newest',
        burst: 20,
        gapMs: 100,
        driver: crew === 'postgres' ? 'pg' : 'ioredis',
        poison: 0,
      },
    ],
  };
}
