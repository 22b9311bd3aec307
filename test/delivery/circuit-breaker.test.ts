import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWarnOnce } from '../../src/core/logger.js';
import { createCircuitBreaker, type Probe, type Sent } from '../../src/delivery/circuit-breaker.js';
import type { SendResult } from '../../src/transport/send-result.js';

const DELIVERED: SendResult = { kind: 'delivered', failures: [], answer: {} };
const REFUSED: SendResult = { kind: 'rejected', status: 400, message: 'no' };
const UNAUTHORIZED: SendResult = { kind: 'unauthorized' };
const RESET: SendResult = { kind: 'retryable', scope: 'request', reason: 'ECONNRESET' };
const PAGE: SendResult = { kind: 'retryable', scope: 'intermediary', reason: 'HTTP 403' };
const busy = (afterMs?: number): SendResult => ({
  kind: 'retryable',
  scope: 'service',
  reason: 'HTTP 503',
  ...(afterMs === undefined ? {} : { afterMs }),
});

/** A breaker whose time is set by hand and whose chance is fixed. */
function breakerWith({
  concurrency = 4,
  chance = 0.5,
}: {
  concurrency?: number;
  chance?: number | (() => number);
} = {}) {
  let now = 10_000;
  const said: string[] = [];
  const random = typeof chance === 'number' ? () => chance : chance;
  const monotonic = (): number => now;
  const warnings = createWarnOnce({ warn: (message) => said.push(message) }, monotonic);
  const breaker = createCircuitBreaker({ concurrency, monotonic, random, warnings });
  return {
    breaker,
    said,
    observe: (result: SendResult, sent: Sent = 'fresh') => breaker.observe(result, sent),
    advance: (ms: number) => {
      now += ms;
    },
    now: monotonic,
  };
}

/** A breaker that the service has opened, with its wait over and the one probe under way. */
function probing(options?: Parameters<typeof breakerWith>[0]) {
  const world = breakerWith(options);
  world.observe(busy());
  world.advance(world.breaker.waitMs);
  const probe = world.breaker.admit(0) as Probe;
  expect(probe).toEqual({ failedBefore: 0 });
  return { ...world, probe };
}

describe('a closed circuit breaker', () => {
  it('admits as many senders as there may be', () => {
    const { breaker } = breakerWith({ concurrency: 2 });
    expect([breaker.admit(0), breaker.admit(1), breaker.admit(2)]).toEqual(['sender', 'sender', undefined]);
    expect(breaker).toMatchObject({ isClosed: true, isDown: false, waitMs: 0 });
  });

  it.each([
    ['429 or 503', busy()],
    ['401', UNAUTHORIZED],
    ['a refused connection', { kind: 'retryable', scope: 'service', reason: 'ECONNREFUSED' } as SendResult],
  ])('opens at the first %s', (_what, result) => {
    const { breaker, observe } = breakerWith();
    observe(result);
    expect(breaker.isClosed).toBe(false);
    expect(breaker.waitMs).toBeGreaterThan(0);
    expect(breaker.admit(0)).toBeUndefined();
  });

  it.each([
    ['failures of the request', RESET],
    ['pages of something in between', PAGE],
  ])('opens at the fifth of %s in a row and not at the fourth', (_what, result) => {
    const { breaker, observe } = breakerWith();
    for (let failure = 1; failure <= 4; failure += 1) observe(result);
    expect(breaker.isClosed).toBe(true);
    observe(result);
    expect(breaker.isClosed).toBe(false);
  });

  it.each([
    ['a success', DELIVERED],
    ['a refusal', REFUSED],
    ['a request that is too large', { kind: 'tooLarge' } as SendResult],
  ])('starts counting again after %s, which shows that the service is there', (_what, result) => {
    const { breaker, observe } = breakerWith();
    for (let failure = 1; failure <= 4; failure += 1) observe(RESET);
    observe(result);
    for (let failure = 1; failure <= 4; failure += 1) observe(RESET);
    expect(breaker.isClosed).toBe(true);
  });

  it('opens by hand when a request has spent its retries', () => {
    const { breaker } = breakerWith();
    breaker.open('HTTP 500', 2000);
    expect(breaker.isClosed).toBe(false);
    expect(breaker.waitMs).toBeGreaterThanOrEqual(2000);
  });

  it('ignores the failures of suspects, of any kind, for two seconds after a success', () => {
    const { breaker, observe, advance } = breakerWith();
    observe(DELIVERED);
    advance(1_999);
    for (let failure = 1; failure <= 50; failure += 1) observe([RESET, PAGE, busy(1_000)][failure % 3]!, 'suspect');
    expect(breaker.isClosed).toBe(true);
    advance(1);
    for (let failure = 1; failure <= 5; failure += 1) observe(RESET, 'suspect');
    expect(breaker.isClosed).toBe(false);
  });
});

describe('an open circuit breaker', () => {
  it('admits one probe when its wait is over, and nothing next to it', () => {
    const { breaker, observe, advance } = breakerWith();
    observe(busy());
    advance(breaker.waitMs - 1);
    expect(breaker.admit(0)).toBeUndefined();
    advance(1);
    expect(breaker.admit(0)).toEqual({ failedBefore: 0 });
    expect(breaker.admit(0)).toBeUndefined();
    expect(breaker.admit(1)).toBeUndefined();
    expect(breaker.waitMs).toBe(0);
  });

  it('stays open as long as the service asked, and a little longer', () => {
    const { breaker, observe } = breakerWith({ chance: 1 });
    observe(busy(7000));
    expect(breaker.waitMs).toBe(7050);
  });

  it('never stays open for less than the service asked, whatever chance says', () => {
    const { breaker, observe } = breakerWith({ chance: 0 });
    observe(busy(7000));
    expect(breaker.waitMs).toBe(7000);
  });

  it('probes at once where the service asked for no pause, but only the first time', () => {
    const { breaker, observe, advance } = breakerWith({ chance: 0 });
    observe(busy(0));
    expect(breaker.waitMs).toBe(0);
    expect(breaker.admit(0)).toEqual({ failedBefore: 0 });
    observe(busy(0), 'probe');
    expect(breaker.waitMs).toBe(500);
    advance(500);
    expect(breaker.admit(0)).toEqual({ failedBefore: 1 });
  });

  it('waits longer after every probe the service says it cannot serve, with jitter, up to eight and a half seconds', () => {
    const { breaker, observe, advance } = breakerWith({ chance: 1 });
    const waits: number[] = [];
    observe(busy());
    for (let probe = 0; probe < 7; probe += 1) {
      waits.push(breaker.waitMs);
      advance(breaker.waitMs);
      breaker.admit(0);
      observe(busy(), 'probe');
    }
    expect(waits).toEqual([1000, 1500, 2500, 4500, 8500, 8500, 8500]);
    expect(breaker.isSearching).toBe(false);
  });

  it('probes every event of the largest window twice, within a second and a half each, while the failure may be the event’s own, then slows down', () => {
    const { breaker, observe, advance } = breakerWith({ chance: 1 });
    for (let failure = 1; failure <= 5; failure += 1) observe(PAGE);
    const waits: number[] = [];
    for (let probe = 0; probe < 6_402; probe += 1) {
      waits.push(breaker.waitMs);
      advance(breaker.waitMs);
      expect(breaker.admit(0)).toEqual({ failedBefore: probe });
      observe(PAGE, 'probe');
      expect(breaker.isSearching).toBe(true);
    }
    expect(new Set(waits.slice(0, 6_401))).toEqual(new Set([1500]));
    expect(waits[6_401]).toBe(8500);
  });

  it('is also searched past after sixty probes of a service that says it is busy', () => {
    const { breaker, observe, advance } = breakerWith();
    observe(busy());
    for (let probe = 0; probe <= 60; probe += 1) {
      expect(breaker.isSearching).toBe(false);
      advance(breaker.waitMs);
      breaker.admit(0);
      observe(busy(), 'probe');
    }
    expect(breaker.isSearching).toBe(true);
  });

  it('keeps its wait whatever requests end with that were already under way', () => {
    const { breaker, observe } = breakerWith({ chance: 0 });
    observe(busy(10_000));
    observe(busy(100));
    observe(busy());
    observe(RESET);
    expect(breaker.waitMs).toBe(10_000);
    observe(busy(20_000), 'suspect');
    expect(breaker.waitMs).toBe(20_000);
  });

  it('does not close for a request that was under way when the service asked for a pause', () => {
    const { breaker, observe, advance } = breakerWith({ chance: 0 });
    observe(busy(10_000));
    observe(DELIVERED);
    observe(busy(100));
    observe(REFUSED);
    expect(breaker.isClosed).toBe(false);
    expect(breaker.waitMs).toBe(10_000);
    advance(10_000);
    expect(breaker.admit(0)).toEqual({ failedBefore: 0 });
    observe(DELIVERED, 'probe');
    expect(breaker.isClosed).toBe(true);
  });

  it('closes for a late success where the service asked for no pause: it is there after all', () => {
    const { breaker, observe } = breakerWith();
    observe(busy());
    observe(DELIVERED);
    expect(breaker.isClosed).toBe(true);
    expect([breaker.admit(0), breaker.admit(1)]).toEqual(['sender', undefined]);
  });

  it('means that the service is down, but not where a token is refused', () => {
    const outage = breakerWith();
    outage.observe(busy());
    expect(outage.breaker.isDown).toBe(true);
    const unauthorized = breakerWith();
    unauthorized.observe(UNAUTHORIZED);
    expect(unauthorized.breaker.isDown).toBe(false);
  });
});

describe('a half-open circuit breaker', () => {
  it('closes when the service answers, with one sender and one more for each success', () => {
    const { breaker, observe } = probing({ concurrency: 3 });
    const senders = (): number => [0, 1, 2, 3].filter((active) => breaker.admit(active) === 'sender').length;
    observe(DELIVERED, 'probe');
    expect(breaker.isClosed).toBe(true);
    const counts = [senders()];
    for (let success = 0; success < 4; success += 1) {
      observe(DELIVERED);
      counts.push(senders());
    }
    expect(counts).toEqual([1, 2, 3, 3, 3]);
  });

  it('closes for a refusal as well: the service is there', () => {
    const { breaker, observe } = probing();
    observe(REFUSED, 'probe');
    expect(breaker.isClosed).toBe(true);
  });

  it.each([
    ['with the service busy', busy()],
    ['by bad luck', RESET],
    ['on a page', PAGE],
  ])('opens again when the probe fails %s', (_how, result) => {
    const { breaker, observe } = probing();
    observe(result, 'probe');
    expect(breaker.isClosed).toBe(false);
    expect(breaker.waitMs).toBeGreaterThanOrEqual(500);
  });

  it('goes on waiting for its probe when an older request fails', () => {
    const { breaker, observe } = probing();
    observe(RESET);
    expect(breaker.admit(0)).toBeUndefined();
    expect(breaker.waitMs).toBe(0);
  });

  it('admits another probe when the first found nothing to send', () => {
    const { breaker, probe } = probing();
    breaker.abandon(probe);
    expect(breaker.isClosed).toBe(false);
    expect(breaker.admit(0)).toEqual({ failedBefore: 0 });
  });

  it('goes on waiting for its probe when the sender of an earlier one ends', () => {
    const { breaker, observe, advance, probe } = probing();
    observe(DELIVERED, 'probe');
    observe(busy());
    advance(breaker.waitMs);
    breaker.admit(0);
    breaker.abandon(probe);
    expect(breaker.admit(0)).toBeUndefined();
  });

  it('stays as it is when a probe is abandoned after its answer', () => {
    const { breaker, observe, probe } = probing();
    observe(DELIVERED, 'probe');
    breaker.abandon(probe);
    expect(breaker.isClosed).toBe(true);
  });
});

describe('a refused token', () => {
  it('is tried again after thirty to sixty seconds, because a person has to fix it', () => {
    for (const [chance, wait] of [
      [0, 30_000],
      [1, 60_000],
    ] as const) {
      const { breaker, observe } = breakerWith({ chance });
      observe(UNAUTHORIZED);
      expect(breaker.waitMs).toBe(wait);
    }
  });

  it('closes the breaker once it is accepted', () => {
    const { breaker, observe, advance } = breakerWith();
    observe(UNAUTHORIZED);
    advance(breaker.waitMs);
    breaker.admit(0);
    observe(DELIVERED, 'probe');
    expect(breaker.isClosed).toBe(true);
  });
});

describe('a warning', () => {
  it('is given once, however long an outage lasts, and again when it comes back', () => {
    const { breaker, observe, said, advance } = breakerWith();
    const fail = (sent: Sent): void => {
      advance(breaker.waitMs);
      breaker.admit(0);
      observe(busy(), sent);
    };
    fail('fresh');
    for (let probe = 0; probe < 20; probe += 1) fail('probe');
    expect(said).toEqual([expect.stringContaining('(HTTP 503)')]);
    advance(breaker.waitMs);
    breaker.admit(0);
    observe(DELIVERED, 'probe');
    fail('fresh');
    expect(said).toHaveLength(2);
  });

  it('about a refused token says what to check', () => {
    const { observe, said } = breakerWith();
    observe(UNAUTHORIZED);
    observe(UNAUTHORIZED);
    expect(said).toEqual([expect.stringMatching(/HTTP 401.*token option or OURS_TOKEN/)]);
  });

  it('about HTTP 404 asks whether baseUrl is right', () => {
    const { observe, said } = breakerWith();
    for (let failure = 1; failure <= 5; failure += 1)
      observe({ kind: 'retryable', scope: 'intermediary', reason: 'HTTP 404' });
    expect(said).toEqual([expect.stringContaining('Is baseUrl right?')]);
  });
});

it('a service that is down gets at most two requests a second from one client, whatever it answers and whatever chance says', () => {
  const failure = fc.oneof(
    fc.constantFrom(RESET, PAGE, busy()),
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
      const { breaker, observe, advance, now } = breakerWith({ chance: () => chance });
      observe(busy(0));
      let lastProbeAt = Number.NEGATIVE_INFINITY;
      for (const next of steps) {
        chance = next.chance;
        if (breaker.admit(0) !== undefined) {
          expect(now() - lastProbeAt).toBeGreaterThanOrEqual(500);
          lastProbeAt = now();
          observe(next.failure, 'probe');
        }
        // One more of those that were under way when it all began.
        if (next.late) observe(next.failure);
        advance(next.stepMs);
      }
    }),
  );
});
