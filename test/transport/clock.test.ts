import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundsOf, createSkewedClock, type SkewedClock } from '../../src/transport/clock.js';

const NOW = Date.UTC(2026, 2, 14, 12);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A service, a machine beside it, and the answers that go from one to the other. */
class World {
  /** The service's clock. */
  service = NOW;
  wallAheadMs = 0;
  sleptMs = 0;
  readonly clock: SkewedClock;

  constructor(wallAheadMs = 0) {
    this.wallAheadMs = wallAheadMs;
    this.clock = createSkewedClock({ now: this.#wall, monotonic: this.#monotonic });
  }

  readonly #wall = (): number => this.service + this.wallAheadMs;
  readonly #monotonic = (): number => this.service - NOW - this.sleptMs + 5_000;

  pass(ms: number): void {
    this.service += ms;
  }

  /** The machine sleeps: its monotonic clock stands still. */
  sleep(ms: number): void {
    this.service += ms;
    this.sleptMs += ms;
  }

  /** An answer of the service, whose date may be wrong. */
  exchange({ thereMs = 20, backMs = 20, wrongMs = 0, during = () => {} } = {}): void {
    const sentAt = this.#monotonic();
    this.pass(thereMs);
    const date = new Date(this.service + wrongMs).toUTCString();
    during();
    this.pass(backMs);
    this.clock.learn(date, sentAt, this.#monotonic());
  }

  /** By how much the client's guess is ahead of the service's clock. */
  get errorMs(): number {
    return this.clock.read().service - this.service;
  }
}

describe('before the first answer', () => {
  it('the wall clock is the best guess, and nothing is certain', () => {
    expect(new World(HOUR_MS).clock.read()).toMatchObject({
      local: NOW + HOUR_MS,
      service: NOW + HOUR_MS,
      earliest: Number.NEGATIVE_INFINITY,
      latest: Number.POSITIVE_INFINITY,
      state: 'unchecked',
    });
  });

  it('the guess follows the wall clock wherever that is set', () => {
    const world = new World(HOUR_MS);
    for (const ms of [-HOUR_MS, 8 * DAY_MS, 0]) {
      world.pass(MINUTE_MS);
      world.wallAheadMs = ms;
      expect(world.errorMs).toBe(ms);
    }
  });
});

describe('an answer', () => {
  it.each([HOUR_MS, -HOUR_MS, 10_000, -10_000, 40 * DAY_MS])('corrects a clock that is %s ms wrong', (ms) => {
    const world = new World(ms);
    world.exchange();
    expect(world.errorMs).toBeGreaterThanOrEqual(0);
    expect(world.errorMs).toBeLessThanOrEqual(1_000);
  });

  it('leaves a wall clock alone that may be right', () => {
    const world = new World(400);
    world.exchange({ thereMs: 0, backMs: 300 });
    expect(world.errorMs).toBe(400);
  });

  it('leaves a right clock alone, even when a busy server shows a second for some milliseconds too long', () => {
    const world = new World();
    for (let n = 0; n < 100; n += 1) {
      world.pass(1_005 - (world.service % 1_000));
      world.exchange({ thereMs: 0, backMs: 0, wrongMs: -10 });
      world.pass(3);
      expect(world.errorMs).toBe(0);
    }
  });

  it('a reading is shared within a millisecond, until either clock moves or an answer is heard', () => {
    let wall = NOW;
    let monotonic = 0;
    const clock = createSkewedClock({ now: () => wall, monotonic: () => monotonic });
    const first = clock.read();
    monotonic += 0.9;
    expect(clock.read()).toBe(first);
    monotonic += 0.1;
    expect(clock.read()).toMatchObject({ local: NOW, monotonic: 1 });
    wall += 1;
    expect(clock.read()).toMatchObject({ local: NOW + 1, monotonic: 1, state: 'unchecked' });
    clock.learn(new Date(wall).toUTCString(), 1, 1);
    expect(clock.read().state).toBe('provisional');
  });

  it('leaves a right clock alone when the process is interrupted between reading one clock and the other', () => {
    let time = NOW;
    let interruptedMs = 0;
    const now = (): number => {
      time += interruptedMs;
      interruptedMs = 0;
      return time;
    };
    const clock = createSkewedClock({ now, monotonic: () => time - NOW });
    // At every part of a second, so that the bounds become as narrow as they can.
    for (let answers = 0; answers < 200; answers += 1) {
      time += 1_013;
      clock.learn(new Date(time).toUTCString(), time - NOW, time - NOW);
    }
    interruptedMs = 74;
    clock.read();
    time += 1_000;
    expect(clock.read().service).toBe(time);
  });

  it('puts no event before itself', () => {
    for (const ms of [HOUR_MS, -HOUR_MS]) {
      for (let phase = 0; phase < 1000; phase += 99) {
        const world = new World(ms);
        world.pass(phase);
        let answeredAt = 0;
        world.exchange({
          during: () => {
            answeredAt = world.service;
          },
        });
        expect(world.clock.read().service).toBeGreaterThanOrEqual(answeredAt);
      }
    }
  });

  it('narrows what earlier ones said', () => {
    const world = new World(HOUR_MS);
    world.exchange();
    const { earliest, latest } = world.clock.read();
    for (let n = 0; n < 20; n += 1) {
      world.pass(130);
      world.exchange();
    }
    const now = world.clock.read();
    expect(now.latest - now.earliest).toBeLessThan((latest - earliest) / 3);
    expect(now.earliest).toBeLessThanOrEqual(world.service);
    expect(now.latest).toBeGreaterThanOrEqual(world.service);
  });

  it.each([undefined, '', 'garbage', 'Thu, 01 Jan 1970 00:00:00 GMT', 'Fri, 01 Jan 2110 00:00:00 GMT'])(
    'teaches nothing with the date %s',
    (date) => {
      const world = new World();
      world.clock.learn(date, 0, 40);
      expect(world.clock.read().state).toBe('unchecked');
    },
  );

  it('confirms the one before only if it was asked for afterwards', () => {
    const world = new World();
    const sentAt = world.clock.read().monotonic;
    world.exchange();
    expect(world.clock.read().state).toBe('provisional');
    world.clock.learn(new Date(world.service).toUTCString(), sentAt, world.clock.read().monotonic);
    expect(world.clock.read().state).toBe('provisional');
    world.exchange();
    expect(world.clock.read().state).toBe('confirmed');
  });
});

describe('an answer with a wrong date', () => {
  it('is corrected by the next when it was the first', () => {
    const world = new World();
    world.exchange({ wrongMs: 8 * DAY_MS });
    world.exchange();
    expect(Math.abs(world.errorMs)).toBeLessThanOrEqual(1_000);
    expect(world.clock.read().state).toBe('provisional');
  });

  it.each([8 * DAY_MS, -8 * DAY_MS, HOUR_MS])('moves a confirmed clock nowhere when it is %s ms off', (wrongMs) => {
    const world = new World(HOUR_MS);
    world.exchange();
    world.exchange();
    const before = world.errorMs;
    world.exchange({ wrongMs });
    expect(world.clock.read().state).toBe('disputed');
    expect(world.errorMs).toBe(before);
    world.exchange();
    expect(world.clock.read().state).toBe('confirmed');
    expect(Math.abs(world.errorMs)).toBeLessThanOrEqual(1_000);
  });

  it('is believed when a later one agrees with it', () => {
    const world = new World();
    world.exchange();
    world.exchange();
    world.exchange({ wrongMs: HOUR_MS });
    world.exchange({ wrongMs: HOUR_MS });
    expect(world.clock.read().state).toBe('confirmed');
    expect(Math.abs(world.errorMs - HOUR_MS)).toBeLessThanOrEqual(1_000);
  });
});

describe('once the service was heard', () => {
  const learned = (wallAheadMs = 0): World => {
    const world = new World(wallAheadMs);
    for (let n = 0; n < 3; n += 1) world.exchange();
    return world;
  };

  it('a wall clock that is set back changes nothing', () => {
    const world = learned();
    world.pass(MINUTE_MS);
    world.wallAheadMs = -HOUR_MS;
    expect(Math.abs(world.errorMs)).toBeLessThanOrEqual(1);
    expect(world.clock.read().state).toBe('confirmed');
  });

  it('a wall clock that leaps ahead is not believed for dropping, and corrected by the next answer', () => {
    const world = learned();
    world.pass(MINUTE_MS);
    world.wallAheadMs = 8 * DAY_MS;
    expect(world.clock.read().state).toBe('unchecked');
    world.exchange();
    expect(Math.abs(world.errorMs)).toBeLessThanOrEqual(1_000);
  });

  it('a machine that slept goes on by its wall clock, and still knows by how much that is wrong', () => {
    const world = learned(HOUR_MS);
    const before = world.errorMs;
    world.sleep(8 * HOUR_MS);
    expect(world.errorMs).toBe(before);
    world.exchange();
    expect(Math.abs(world.errorMs)).toBeLessThanOrEqual(1_000);
  });

  it('a wall clock that is put right after a sleep does not put the service’s clock back with it', () => {
    const world = learned(6 * DAY_MS);
    world.sleep(8 * HOUR_MS);
    world.clock.read();
    world.wallAheadMs = 0;
    expect(Math.abs(world.errorMs)).toBeLessThanOrEqual(1_000);
  });

  it('a wall clock that leaps ahead and back again is followed both ways', () => {
    const world = learned();
    for (const ms of [8 * DAY_MS, 0]) {
      world.wallAheadMs = ms;
      expect(world.errorMs).toBe(ms);
    }
  });

  it('a leap during a request does not count as a wrong date', () => {
    const world = learned();
    world.exchange({
      during: () => {
        world.wallAheadMs = 8 * DAY_MS;
      },
    });
    expect(world.clock.read().earliest).toBeLessThanOrEqual(world.service);
    expect(world.clock.read().latest).toBeGreaterThanOrEqual(world.service);
    world.exchange();
    expect(Math.abs(world.errorMs)).toBeLessThanOrEqual(1_000);
  });

  it('a sleep during a request does not make the answer’s date the present', () => {
    const world = learned();
    world.exchange({ during: () => world.sleep(8 * HOUR_MS) });
    expect(world.clock.read().latest).toBeGreaterThanOrEqual(world.service);
    expect(Math.abs(world.errorMs)).toBeLessThanOrEqual(1);
  });

  it('a slow slew of the wall clock is followed within what the service allows', () => {
    const world = learned();
    for (let hour = 0; hour < 48; hour += 1) {
      world.pass(HOUR_MS);
      world.wallAheadMs += 100;
      world.clock.read();
      world.exchange();
    }
    expect(world.clock.read().state).toBe('confirmed');
    expect(Math.abs(world.errorMs)).toBeLessThanOrEqual(1_100);
  });
});

it('the service’s clock always lies between the bounds, however clocks are set, drift and sleep', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('exchange' as const), ms: fc.integer({ min: 0, max: 4_000 }) }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: DAY_MS }) }),
    fc.record({ kind: fc.constant('sleep' as const), ms: fc.integer({ min: 2_000, max: DAY_MS }) }),
    fc.record({ kind: fc.constant('set' as const), ms: fc.integer({ min: -30 * DAY_MS, max: 30 * DAY_MS }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), (steps) => {
      const world = new World();
      for (const { kind, ms } of steps) {
        if (kind === 'exchange') world.exchange({ thereMs: ms, backMs: 4_000 - ms });
        else if (kind === 'pass') world.pass(ms);
        else if (kind === 'sleep') world.sleep(ms);
        else world.wallAheadMs = ms;
        const { earliest, latest, service } = world.clock.read();
        expect(earliest).toBeLessThanOrEqual(world.service);
        expect(latest).toBeGreaterThanOrEqual(world.service);
        expect(service).toBeGreaterThanOrEqual(earliest);
        expect(service).toBeLessThanOrEqual(latest);
      }
    }),
  );
});

it('bounds are what the second of the date, the way there and back, and 20 ms for reading clocks allow', () => {
  expect(boundsOf(new Date(NOW).toUTCString(), NOW - 30, NOW + 50)).toEqual({ low: -70, high: 1_050 });
});
