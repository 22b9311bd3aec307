import { describe, expect, it } from 'vitest';
import type { ClientOptions } from '../../src/client/options.js';
import { createMemoryOutbox } from '../../src/outbox/memory.js';
import type { VolatileOutbox } from '../../src/outbox/outbox.js';
import type { Entry } from '../../src/protocol/event.js';
import { seeded } from '../support/client.js';
import {
  type Ending,
  type SimulatedRequest,
  type Simulation,
  type SimulationOptions,
  simulate,
} from '../support/simulated-service.js';

interface Hold {
  readonly from: number;
  readonly leaseMs: number;
  /** When the entry was settled or given back. */
  until: number;
}

/** A memory outbox that writes down how long each entry was held, in the simulation's time. */
function watchedOutbox(change: (outbox: VolatileOutbox) => Partial<VolatileOutbox> = () => ({})) {
  const now = () => performance.now();
  const inner = createMemoryOutbox({ monotonic: now });
  const changed = { ...inner, ...change(inner) };
  const holds = new Map<string, Hold[]>();
  const end = (entries: readonly Entry[]): void => {
    for (const { distinctId } of entries) {
      const hold = holds.get(distinctId)!.at(-1)!;
      hold.until = Math.min(hold.until, now());
    }
  };
  const outbox: VolatileOutbox = {
    ...changed,
    async claim(options) {
      const entries = await changed.claim(options);
      for (const { distinctId } of entries) {
        holds.set(distinctId, [
          ...(holds.get(distinctId) ?? []),
          { from: now(), until: Number.POSITIVE_INFINITY, leaseMs: options.leaseMs },
        ]);
      }
      return entries;
    },
    async ack(entries) {
      await changed.ack(entries);
      end(entries);
    },
    async release(entries, delayMs) {
      await changed.release(entries, delayMs);
      end(entries);
    },
    async deadLetter(entries, outcome) {
      await changed.deadLetter(entries, outcome);
      end(entries);
    },
  };
  return { outbox, holds };
}

function start(options: Omit<SimulationOptions, 'random' | 'outbox'>, { outbox } = watchedOutbox()): Simulation {
  return simulate({ random: seeded(1), concurrency: 1, outbox, ...options });
}

describe('the requests of one claim', () => {
  const PEOPLE = 100;
  /** Each needs its own request; the first claim takes them all. */
  function identifyPeople({ client }: Simulation): void {
    for (let i = 0; i < PEOPLE; i++) client.identify({ userId: `person ${i}`, userProperties: { plan: 'x' } });
  }

  // The first requests are answered well, so that the last ones of the claim go out when it has been held for a while.
  const CLAIM_AGES_MS = 90_000;
  it.each<[string, number, Ending, Partial<ClientOptions>]>([
    ['is slow', 9_000, 'ok', {}],
    ['begins to hang', 2_000, 'hang', {}],
    ['begins to hang, and requests may take a minute', 2_000, 'hang', { requestTimeoutMs: 60_000 }],
    ['begins to hang, and requests may take ten minutes', 2_000, 'hang', { requestTimeoutMs: 600_000 }],
    ['begins to fail', 900, { status: 500 }, {}],
    ['begins to fail and asks for long pauses', 900, { status: 500, retryAfterMs: 120_000 }, {}],
  ])('end before its lease does where the service %s', async (_, latencyMs, trouble, options) => {
    const watched = watchedOutbox();
    let isOver = false;
    const endingOf = ({ atMs }: SimulatedRequest) => (isOver || atMs < CLAIM_AGES_MS ? 'ok' : trouble);
    const simulation = start({ ...options, latencyMs, endingOf }, watched);
    identifyPeople(simulation);
    await simulation.pass(30 * 60_000);
    isOver = true;
    expect(await simulation.passUntil(() => simulation.taken.size === PEOPLE, 60 * 60_000)).toBe(true);
    for (const [distinctId, holds] of watched.holds) {
      for (const { from, until, leaseMs } of holds) expect(until - from, distinctId).toBeLessThan(leaseMs);
    }
  });
});

describe('what an outbox could not settle', () => {
  it.each(['ack', 'release'] as const)(
    'is tried again soon after %s failed, and not when its lease ends',
    async (failing) => {
      let failures = 0;
      const watched = watchedOutbox((inner) => ({
        async [failing](entries: readonly Entry[], delayMs = 0) {
          failures += 1;
          if (failures === 1) throw new Error('the database is away');
          await inner[failing](entries, delayMs);
        },
      }));
      let requests = 0;
      const endingOf = (): Ending => {
        requests += 1;
        return failing === 'release' && requests === 1 ? { status: 503 } : 'ok';
      };
      const { client, taken, outcomes, warnings, pass } = start({ endingOf, flushAt: 10 }, watched);
      for (let i = 0; i < 30; i++) client.track({ event: 'purchase', userId: 'v', distinctId: `e${i}` });
      for (let second = 0; second < 20; second++) {
        client.track({ event: 'purchase', userId: 'v', distinctId: `later ${second}` });
        await pass(1_000);
      }
      const first = Array.from({ length: 30 }, (_, i) => `e${i}`);
      expect(first.filter((id) => !taken.has(id))).toEqual([]);
      const delivered = outcomes.filter(({ status }) => status === 'delivered').map(({ distinctId }) => distinctId);
      expect(first.filter((id) => !delivered.includes(id))).toEqual([]);
      expect(warnings.filter((warning) => warning.includes('the outbox failed'))).toHaveLength(1);
    },
  );
});

it('an outbox that fails at once is asked once a second, however much waits in it, and delivers when it works again', async () => {
  const ENOUGH = 10_000;
  let claims = 0;
  let isDown = true;
  const watched = watchedOutbox((inner) => ({
    async claim(options) {
      claims += 1;
      if (isDown && claims < ENOUGH) throw new Error('the database is away');
      return inner.claim(options);
    },
  }));
  const { client, taken, pass, passUntil } = start({ endingOf: () => 'ok', flushAt: 10 }, watched);
  for (let i = 0; i < 1_000; i++) client.track({ event: 'purchase', userId: 'v', distinctId: `e${i}` });
  await pass(60_000);
  expect(claims).toBeLessThanOrEqual(61);
  isDown = false;
  expect(await passUntil(() => taken.size === 1_000, 5_000)).toBe(true);
});

describe('a suspect, which the service always fails on', () => {
  const BAD = 'bad';
  const MINUTE = 60_000;
  const isBad = ({ ids }: SimulatedRequest) => ids.includes(BAD);

  /** A steady stream of good events around one bad one, for ten minutes. In the first of them it becomes a suspect. */
  async function streamAround(trouble: Ending) {
    const simulation = start({
      endingOf: (request) => (isBad(request) ? trouble : 'ok'),
      concurrency: 4,
      maxRetries: 100,
    });
    const { client, requests, pass, now, taken, warnings } = simulation;
    const tracked = new Map<string, number>();
    client.track({ event: 'purchase', userId: 'v', distinctId: BAD });
    for (let i = 0; now() < 10 * MINUTE; i++) {
      tracked.set(`e${i}`, now());
      client.track({ event: 'purchase', userId: 'v', distinctId: `e${i}` });
      await pass(200);
    }
    const waits = [...tracked]
      .filter(([, at]) => at > MINUTE && at < 9 * MINUTE)
      .map(([id, at]) => (taken.get(id) ?? Number.POSITIVE_INFINITY) - at);
    const times = requests.filter(isBad).map(({ atMs }) => atMs);
    const gaps = times.slice(1).map((at, i) => at - times[i]!);
    return { gaps: gaps.filter((_, i) => times[i]! > MINUTE), longestWaitMs: Math.max(...waits), warnings };
  }

  it('is not tried twice at once, and good events pass as if it were not there', async () => {
    const { gaps, longestWaitMs, warnings } = await streamAround({ status: 500 });
    expect(gaps.length).toBeGreaterThan(2);
    for (const gap of gaps) expect(gap).toBeGreaterThan(1_000);
    expect(gaps.at(-1)).toBeGreaterThan(gaps[0]!);
    expect(longestWaitMs).toBeLessThan(2_000);
    expect(warnings).toEqual([]);
  });

  it('is not tried again before the pause is over that the service asked for', async () => {
    const { gaps, longestWaitMs } = await streamAround({ status: 500, retryAfterMs: 30_000 });
    expect(gaps.length).toBeGreaterThan(2);
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(30_000);
    expect(longestWaitMs).toBeLessThan(2_000);
  });
});
