import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGate } from '../../src/delivery/gate.js';
import type { Verdict } from '../../src/delivery/verdict.js';
import { createEpisodes } from '../../src/logger.js';

const DELIVERED: Verdict = { kind: 'delivered', failures: [], answer: {} };
const REFUSED: Verdict = { kind: 'rejected', status: 400, message: 'no' };
const UNAUTHORIZED: Verdict = { kind: 'unauthorized' };
const BAD_LUCK: Verdict = { kind: 'retryable', scope: 'request', reason: 'ECONNRESET' };
const busy = (afterMs?: number): Verdict => ({
  kind: 'retryable',
  scope: 'service',
  reason: 'HTTP 503',
  ...(afterMs === undefined ? {} : { afterMs }),
});

/** A gate whose time is told by hand and whose chance is fixed. */
function gateWith({ concurrency = 4, chance = 0.5 }: { concurrency?: number; chance?: number | (() => number) } = {}) {
  let now = 0;
  const said: string[] = [];
  const random = typeof chance === 'number' ? () => chance : chance;
  const monotonic = (): number => now;
  const episodes = createEpisodes({ warn: (message) => said.push(message) }, monotonic);
  return {
    gate: createGate({ concurrency, monotonic, random, episodes }),
    said,
    advance: (ms: number) => {
      now += ms;
    },
    now: monotonic,
  };
}

/** A gate that the service has closed, with its time over and the one probe under way. */
function probing(options?: Parameters<typeof gateWith>[0]) {
  const world = gateWith(options);
  world.gate.observe(busy());
  world.advance(world.gate.waitMs);
  expect(world.gate.admit(0)).toBe('probe');
  return world;
}

describe('an open gate', () => {
  it('lets as many senders through as there may be', () => {
    const { gate } = gateWith({ concurrency: 2 });
    expect([gate.admit(0), gate.admit(1), gate.admit(2)]).toEqual(['sender', 'sender', undefined]);
    expect(gate).toMatchObject({ isOpen: true, isDown: false, waitMs: 0 });
  });

  it.each([
    ['429 or 503', busy()],
    ['401', UNAUTHORIZED],
    ['a refused connection', { kind: 'retryable', scope: 'service', reason: 'ECONNREFUSED' } as Verdict],
  ])('closes at the first %s', (_what, verdict) => {
    const { gate } = gateWith();
    gate.observe(verdict);
    expect(gate.isOpen).toBe(false);
    expect(gate.waitMs).toBeGreaterThan(0);
    expect(gate.admit(0)).toBeUndefined();
  });

  it('closes at the fifth failure in a row and not at the fourth', () => {
    const { gate } = gateWith();
    for (let failure = 1; failure <= 4; failure += 1) gate.observe(BAD_LUCK);
    expect(gate.isOpen).toBe(true);
    gate.observe(BAD_LUCK);
    expect(gate.isOpen).toBe(false);
  });

  it.each([
    ['a success', DELIVERED],
    ['a refusal', REFUSED],
    ['a request that is too large', { kind: 'tooLarge' } as Verdict],
  ])('begins to count anew after %s, which shows that the service is there', (_what, verdict) => {
    const { gate } = gateWith();
    for (let failure = 1; failure <= 4; failure += 1) gate.observe(BAD_LUCK);
    gate.observe(verdict);
    for (let failure = 1; failure <= 4; failure += 1) gate.observe(BAD_LUCK);
    expect(gate.isOpen).toBe(true);
    expect(gate.successes).toBe(1);
  });

  it('is closed by hand when a request has used up its retries', () => {
    const { gate } = gateWith();
    gate.fail('HTTP 500', 2000);
    expect(gate.isOpen).toBe(false);
    expect(gate.waitMs).toBeGreaterThanOrEqual(2000);
  });
});

describe('a closed gate', () => {
  it('lets one probe through when its time is over, and nobody beside it', () => {
    const { gate, advance } = gateWith();
    gate.observe(busy());
    advance(gate.waitMs - 1);
    expect(gate.admit(0)).toBeUndefined();
    advance(1);
    expect(gate.admit(0)).toBe('probe');
    expect(gate.admit(0)).toBeUndefined();
    expect(gate.admit(1)).toBeUndefined();
    expect(gate.waitMs).toBe(0);
  });

  it('stays closed as long as the service asked, and a little longer', () => {
    const { gate } = gateWith({ chance: 1 });
    gate.observe(busy(7000));
    expect(gate.waitMs).toBe(7050);
  });

  it('never stays closed shorter than the service asked, whatever chance says', () => {
    const { gate } = gateWith({ chance: 0 });
    gate.observe(busy(7000));
    expect(gate.waitMs).toBe(7000);
  });

  it('opens at once where the service asked for no time, but only the first time', () => {
    const { gate, advance } = gateWith({ chance: 0 });
    gate.observe(busy(0));
    expect(gate.waitMs).toBe(0);
    expect(gate.admit(0)).toBe('probe');
    gate.observe(busy(0));
    expect(gate.waitMs).toBe(500);
    advance(500);
    expect(gate.admit(0)).toBe('probe');
  });

  it('waits longer with every failed probe, with jitter, up to eight seconds and a half', () => {
    const { gate, advance } = gateWith({ chance: 1 });
    const waits: number[] = [];
    gate.observe(busy());
    for (let probe = 0; probe < 7; probe += 1) {
      waits.push(gate.waitMs);
      advance(gate.waitMs);
      gate.admit(0);
      gate.observe(busy());
    }
    expect(waits).toEqual([1000, 1500, 2500, 4500, 8500, 8500, 8500]);
  });

  it('is not reopened sooner by the failures of requests that were under way', () => {
    const { gate } = gateWith({ chance: 0 });
    gate.observe(busy(10_000));
    gate.observe(busy(100));
    gate.observe(busy());
    gate.observe(BAD_LUCK);
    expect(gate.waitMs).toBe(10_000);
  });

  it('is not reopened by the success of a request that was under way when the service asked for quiet', () => {
    const { gate, advance } = gateWith({ chance: 0 });
    gate.observe(busy(10_000));
    gate.observe(DELIVERED);
    gate.observe(busy(100));
    gate.observe(REFUSED);
    expect(gate.isOpen).toBe(false);
    expect(gate.waitMs).toBe(10_000);
    advance(10_000);
    expect(gate.admit(0)).toBe('probe');
    gate.observe(DELIVERED);
    expect(gate.isOpen).toBe(true);
  });

  it('is reopened by a late success where the service asked for no time: it is there after all', () => {
    const { gate } = gateWith();
    gate.observe(busy());
    gate.observe(DELIVERED);
    expect(gate.isOpen).toBe(true);
    expect([gate.admit(0), gate.admit(1)]).toEqual(['sender', undefined]);
  });

  it('is down to everybody after an outage, but not for a token that is refused', () => {
    const outage = gateWith().gate;
    outage.observe(busy());
    expect(outage.isDown).toBe(true);
    const unauthorized = gateWith().gate;
    unauthorized.observe(UNAUTHORIZED);
    expect(unauthorized.isDown).toBe(false);
  });
});

describe('a gate that is probing', () => {
  it('opens when the service answers, with one sender and one more for each success', () => {
    const { gate } = probing({ concurrency: 3 });
    const senders = (): number => [0, 1, 2, 3].filter((active) => gate.admit(active) === 'sender').length;
    gate.observe(DELIVERED);
    expect(gate.isOpen).toBe(true);
    const counts = [senders()];
    for (let success = 0; success < 4; success += 1) {
      gate.observe(DELIVERED);
      counts.push(senders());
    }
    expect(counts).toEqual([1, 2, 3, 3, 3]);
  });

  it('opens for a refusal as well: somebody is there', () => {
    const { gate } = probing();
    gate.observe(REFUSED);
    expect(gate.isOpen).toBe(true);
  });

  it.each([
    ['with the service busy', busy()],
    ['by bad luck', BAD_LUCK],
  ])('closes again when the probe fails %s', (_how, verdict) => {
    const { gate } = probing();
    gate.observe(verdict);
    expect(gate.isOpen).toBe(false);
    expect(gate.waitMs).toBeGreaterThanOrEqual(500);
  });

  it('lets another probe through when the first found nothing to send', () => {
    const { gate } = probing();
    gate.abandon();
    expect(gate.isOpen).toBe(false);
    expect(gate.admit(0)).toBe('probe');
  });

  it('is left as it is when a probe is abandoned after its answer', () => {
    const { gate } = probing();
    gate.observe(DELIVERED);
    gate.abandon();
    expect(gate.isOpen).toBe(true);
  });
});

describe('a refused token', () => {
  it('is tried again after thirty to sixty seconds, because a person must mend it', () => {
    for (const [chance, wait] of [
      [0, 30_000],
      [1, 60_000],
    ] as const) {
      const { gate } = gateWith({ chance });
      gate.observe(UNAUTHORIZED);
      expect(gate.waitMs).toBe(wait);
    }
  });

  it('opens the gate once it is accepted', () => {
    const { gate, advance } = gateWith();
    gate.observe(UNAUTHORIZED);
    advance(gate.waitMs);
    gate.admit(0);
    gate.observe(DELIVERED);
    expect(gate.isOpen).toBe(true);
  });
});

describe('an episode', () => {
  it('is spoken of once, however long it lasts, and again when it comes back', () => {
    const { gate, said, advance } = gateWith();
    const fail = (): void => {
      advance(gate.waitMs);
      gate.admit(0);
      gate.observe(busy());
    };
    for (let probe = 0; probe < 20; probe += 1) fail();
    expect(said).toEqual([expect.stringContaining('(HTTP 503)')]);
    gate.admit(0);
    advance(gate.waitMs);
    gate.admit(0);
    gate.observe(DELIVERED);
    fail();
    expect(said).toHaveLength(2);
  });

  it('of a refused token says what to check', () => {
    const { gate, said } = gateWith();
    gate.observe(UNAUTHORIZED);
    gate.observe(UNAUTHORIZED);
    expect(said).toEqual([expect.stringMatching(/HTTP 401.*token option or OURS_TOKEN/)]);
  });
});

it('a service that is down hears from this client at most twice a second, whatever it answers and whatever chance says', () => {
  const failure = fc.oneof(
    fc.constant(BAD_LUCK),
    fc.constant(busy()),
    fc.integer({ min: 0, max: 3000 }).map((afterMs) => busy(afterMs)),
  );
  const step = fc.record({
    failure,
    late: fc.boolean(),
    stepMs: fc.integer({ min: 0, max: 400 }),
    chance: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 300 }), (steps) => {
      let chance = 0;
      const { gate, advance, now } = gateWith({ chance: () => chance });
      gate.observe(busy(0));
      let lastProbeAt = Number.NEGATIVE_INFINITY;
      for (const next of steps) {
        chance = next.chance;
        if (gate.admit(0) === 'probe') {
          expect(now() - lastProbeAt).toBeGreaterThanOrEqual(500);
          lastProbeAt = now();
          gate.observe(next.failure);
        }
        // One more of those that were under way when it all began.
        if (next.late) gate.observe(next.failure);
        advance(next.stepMs);
      }
    }),
  );
});
