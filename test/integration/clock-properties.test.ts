import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildClient } from '../../src/client/client.js';
import type { Client } from '../../src/client/types.js';
import type { FetchInit } from '../../src/transport/transport.js';
import { answer, platformWith } from '../support/clients.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(() => void vi.useRealTimers());

interface Row {
  readonly distinctId: string;
  readonly time: number;
}

/** A client on a machine with its own clocks, and a service that uses the true time, which is the fake one. */
class World {
  wallAheadMs = 0;
  /** Parts per million by which the wall clock is fast. */
  driftPpm = 0;
  sleptMs = 0;
  latencyMs = 20;
  isDown = false;
  /** How far ahead of its clock the service accepts a time. */
  toleranceMs = 0;
  /** One in so many answers tells no time, never the first; 0 for none. */
  datelessEvery = 0;
  answers = 0;
  /** The time that each event was accepted with. */
  readonly accepted = new Map<string, number>();
  readonly endings: string[] = [];
  readonly client: Client;
  readonly #startedAt: number;

  constructor(startsAt: number) {
    vi.clearAllTimers();
    vi.setSystemTime(startsAt);
    this.#startedAt = startsAt;
    this.client = buildClient(
      {
        token: 'test_shop',
        fetch: (_url, init) => this.#serve(init),
        flushIntervalMs: 500,
        flushAt: 5,
        logger: { warn() {} },
        onOutcome: (outcome) => void (outcome.status === 'delivered' || this.endings.push(JSON.stringify(outcome))),
      },
      platformWith({ now: this.wall, monotonic: () => Date.now() - this.#startedAt - this.sleptMs }),
    );
  }

  readonly wall = (): number =>
    Math.trunc(Date.now() + this.wallAheadMs + (Date.now() - this.#startedAt) * this.driftPpm * 1e-6);

  async pass(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
  }

  /** The machine sleeps: no timer runs, and the monotonic clock stands still. */
  sleep(ms: number): void {
    vi.setSystemTime(Date.now() + ms);
    this.sleptMs += ms;
  }

  async #serve({ body }: FetchInit) {
    await new Promise((resolve) => setTimeout(resolve, this.latencyMs));
    if (this.isDown) throw Object.assign(new Error(), { code: 'ECONNREFUSED' });
    const now = Date.now();
    const { events } = JSON.parse(body) as { events: Row[] };
    const results = events.map(({ distinctId, time }, index) => {
      const isTimely = time <= now + this.toleranceMs && now - time <= 7 * DAY_MS;
      if (!isTimely) return { index, success: false, code: 'invalid_event', message: 'time: must be in the past' };
      if (!this.accepted.has(distinctId)) this.accepted.set(distinctId, time);
      return { index, success: true };
    });
    const failed = results.filter(({ success }) => !success).length;
    const accepted = events.length - failed;
    this.answers += 1;
    const isDated = this.answers % this.datelessEvery !== 0;
    const headers = isDated ? { date: new Date(now).toUTCString() } : {};
    await new Promise((resolve) => setTimeout(resolve, this.latencyMs));
    return answer(failed === 0 ? 200 : 207, { success: failed === 0, accepted, failed, results }, headers);
  }

  /** Once all is well everything must arrive. */
  async end(): Promise<void> {
    this.isDown = false;
    const flushed = this.client.flush();
    await this.pass(5 * MINUTE_MS);
    expect((await flushed).pending).toBe(0);
    await Promise.all([this.client.close(), this.pass(10 * SECOND_MS)]);
  }
}

const clockError = fc.oneof(
  fc.integer({ min: -3_000, max: 3_000 }),
  fc.integer({ min: -2 * HOUR_MS, max: 2 * HOUR_MS }),
  fc.integer({ min: -29 * DAY_MS, max: 29 * DAY_MS }),
);
const START = Date.UTC(2026, 2, 14);
const situation = fc.record({
  startsAt: fc.integer({ min: START, max: START + SECOND_MS }),
  wallAheadMs: clockError,
  driftPpm: fc.integer({ min: -100, max: 100 }),
  latencyMs: fc.integer({ min: 0, max: 400 }),
  toleranceMs: fc.constantFrom(0, 1_000),
  datelessEvery: fc.constantFrom(0, 2, 3),
  isDown: fc.boolean(),
});

describe('an event that happened less than seven days ago', () => {
  it('is never lost to a clock and never refused, however clocks are wrong, set, drift and sleep', async () => {
    const action = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('track' as const), ms: fc.constant(0) }) },
      // By the clock of another machine, which is right.
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('told' as const), ms: fc.integer({ min: 0, max: DAY_MS }) }),
      },
      // By this machine's clock, a moment ago.
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('noted' as const), ms: fc.integer({ min: 0, max: 5_000 }) }),
      },
      { weight: 6, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 5_000 }) }) },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: HOUR_MS }) }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('set' as const), ms: clockError }) },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('sleep' as const), ms: fc.integer({ min: 0, max: DAY_MS }) }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('down' as const), ms: fc.constant(0) }) },
    );
    await fc.assert(
      fc.asyncProperty(
        situation,
        fc.array(action, { minLength: 3, maxLength: 25, size: 'max' }),
        async ({ startsAt, ...at }, actions) => {
          const world = Object.assign(new World(startsAt), at);
          let tracked = 0;
          const track = (time?: number): void => {
            world.client.track({ event: 'purchase', userId: 'v', distinctId: `e${tracked++}`, time });
          };
          for (const { do: what, ms } of actions) {
            if (what === 'track') track();
            else if (what === 'told') track(Date.now() - ms);
            else if (what === 'noted') {
              const time = world.wall();
              await world.pass(ms);
              track(time);
            } else if (what === 'pass') await world.pass(ms);
            else if (what === 'set') world.wallAheadMs = ms;
            else if (what === 'down') world.isDown = !world.isDown;
            // Nothing may wait for more than seven days.
            else if (world.sleptMs + ms < 5 * DAY_MS) world.sleep(ms);
          }
          await world.end();
          expect(world.endings).toEqual([]);
          expect(world.accepted.size).toBe(tracked);
        },
      ),
      { numRuns: Number(process.env.CLOCK_RUNS ?? 100), seed: Number(process.env.CLOCK_SEED ?? 20_261) },
    );
  }, 600_000);
});

describe('on a machine whose clock is wrong but is not set', () => {
  it('events have the service’s time within a second and one way there, and so keep their order', async () => {
    const outages = fc.array(fc.record({ ms: fc.integer({ min: 0, max: MINUTE_MS }), isDown: fc.boolean() }), {
      minLength: 3,
      maxLength: 20,
      size: 'max',
    });
    await fc.assert(
      fc.asyncProperty(situation, outages, async ({ startsAt, ...at }, steps) => {
        const world = Object.assign(new World(startsAt), at, { isDown: false });
        const happened = new Map<string, number>();
        const track = (): void => {
          const distinctId = `e${happened.size}`;
          happened.set(distinctId, Date.now());
          world.client.track({ event: 'purchase', userId: 'v', distinctId });
        };
        // The first answer teaches; what it accepted before went by the wall clock.
        track();
        await world.pass(20 * SECOND_MS);
        for (const { ms, isDown } of steps) {
          world.isDown = isDown;
          track();
          await world.pass(ms);
        }
        await world.end();
        expect(world.endings).toEqual([]);
        const [, ...later] = [...happened];
        for (const [distinctId, time] of later) {
          const errorMs = world.accepted.get(distinctId)! - time;
          expect(Math.abs(errorMs)).toBeLessThanOrEqual(SECOND_MS + world.latencyMs + 2);
        }
      }),
      { numRuns: 60, seed: Number(process.env.CLOCK_SEED ?? 20_261) },
    );
  }, 600_000);
});
