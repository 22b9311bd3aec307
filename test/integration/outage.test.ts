import { describe, expect, it } from 'vitest';
import { createCollector, type Fault } from '../../src/collector/index.js';
import { arrived, rig, seeded, trackMany } from '../support/client.js';
import { holdTime } from '../support/held-time.js';
import { type Ending, type SimulationOptions, simulate } from '../support/simulated-service.js';

/** A free port that a collector can listen on later. */
async function freePort(): Promise<number> {
  await using collector = await createCollector();
  return Number(new URL(collector.url).port);
}

/** How fast held time passes while sockets work: a request may take 200 turns of the event loop before it times out. */
const STEP_MS = 10;

/** A simulated service that ends every request alike until `isWell`. */
function ailing(ending: Ending, options: Partial<SimulationOptions> = {}) {
  const state = { isWell: false };
  const simulation = simulate({ random: () => 0, endingOf: () => (state.isWell ? 'ok' : ending), ...options });
  return { ...simulation, state };
}

describe('while the service is down', () => {
  it('asks it at most twice a second, each time with one event, and warns once', async () => {
    const { client, requests, warnings, outcomes, pass } = ailing(
      { status: 503 },
      { flushAt: 10, flushIntervalMs: 5, random: seeded(1) },
    );
    for (let n = 0; n < 2_000; n += 1) {
      trackMany(client, 5, `${n} `);
      await pass(5);
    }
    // Those of the four senders were under way together; after them the breaker is open.
    const probes = requests.slice(4);
    expect(probes.length).toBeGreaterThan(1);
    expect(probes.map(({ ids }) => ids.length)).toEqual(probes.map(() => 1));
    const gaps = probes.slice(1).map(({ atMs }, index) => atMs - probes[index]!.atMs);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(500);
    expect(warnings).toEqual([expect.stringContaining('HTTP 503')]);
    expect(outcomes).toEqual([]);
  });

  it('comes back with one probe, then delivers everything', async () => {
    const { client, state, requests, taken, warnings, pass } = ailing({ status: 503 }, { flushAt: 10, latencyMs: 50 });
    trackMany(client, 500);
    await pass(700);
    state.isWell = true;
    const asked = requests.length;
    await pass(20_000);
    const [probe, next] = requests.slice(asked);
    expect(probe!.ids).toHaveLength(1);
    expect(next!.ids.length, 'a whole batch follows').toBeGreaterThan(1);
    expect(next!.atMs, 'nothing goes out next to the probe').toBeGreaterThanOrEqual(probe!.atMs + 50);
    expect(taken.size).toBe(500);
    const sent = requests.slice(asked).flatMap(({ ids }) => ids);
    expect(sent, 'each once').toHaveLength(500);
    expect(warnings).toHaveLength(1);
  });

  it('warns again when it goes down again', async () => {
    const { client, state, warnings, pass } = ailing({ status: 503 });
    for (const [round, expected] of [1, 2].entries()) {
      state.isWell = false;
      trackMany(client, 3, `round ${round} `);
      const flushed = client.flush();
      await pass(50);
      state.isWell = true;
      await pass(10_000);
      expect(await flushed).toMatchObject({ delivered: 3 * (round + 1), pending: 0 });
      expect(warnings).toHaveLength(expected);
    }
  });

  it('is left alone from the first request on that has used up its retries while nothing was answered', async () => {
    const { client, requests, warnings, pass } = ailing({ status: 500 }, { maxRetries: 0, flushIntervalMs: 0 });
    trackMany(client, 3);
    await pass(450);
    expect(requests).toHaveLength(1);
    expect(warnings).toHaveLength(1);
  });

  describe.each([1, 0.999, 1.001])('timers that run at %d times the speed of the clock', (speed) => {
    it.each([
      [1, [1, 2]],
      [2, [1, 3]],
      [3, [1, 2]],
    ])('leave none of %i events behind when it is back, though nothing more is tracked', async (count, refused) => {
      const { client, requests, taken, passUntil } = simulate({
        flushIntervalMs: 1,
        flushAt: 2,
        random: () => 0,
        // A timer that fires early finds that nothing is due yet.
        monotonic: () => performance.now() / speed,
        endingOf: () => (refused.includes(requests.length) ? { status: 503 } : 'ok'),
      });
      trackMany(client, count);
      expect(await passUntil(() => taken.size === count, 60_000)).toBe(true);
    });
  });
});

describe('an outage costs nothing, not even with a single retry', () => {
  it.each<[string, Ending]>([
    ['answers 500 to everything', { status: 500 }],
    ['answers 502 to everything', { status: 502 }],
    ['resets every connection', 'reset'],
    ['answers with a page of HTML', { status: 200, page: true }],
    ['fails every row', { failedRows: 'all' }],
    ['never answers', 'hang'],
  ])('when the service %s', async (_, ending) => {
    const { client, state, requests, taken, outcomes, warnings, pass, passUntil } = ailing(ending, {
      maxRetries: 1,
      flushAt: 10,
      requestTimeoutMs: 60,
      random: seeded(2),
    });
    const ids = trackMany(client, 100);
    expect(await passUntil(() => warnings.length === 1, 60_000)).toBe(true);
    // What was under way when the breaker opened comes to its end.
    await pass(200);
    const asked = requests.length;
    await pass(60_000);
    expect(requests.length - asked, 'at most two a second').toBeLessThanOrEqual(120);
    expect(outcomes).toEqual([]);
    state.isWell = true;
    expect(await passUntil(() => outcomes.length === 100, 120_000)).toBe(true);
    expect(outcomes.every(({ status }) => status === 'delivered')).toBe(true);
    expect([...taken.keys()].sort()).toEqual(ids.sort());
    expect(await client.flush()).toEqual({ delivered: 100, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
  });

  it.each<[string, Fault]>([
    ['resets every connection', { kind: 'reset' }],
    ['never answers', { kind: 'hang' }],
    ['falls silent half-way', { kind: 'stallBody' }],
  ])('when a server on the network %s', async (_, fault) => {
    const { client, collector, outcomes, warnings } = await rig({
      maxRetries: 1,
      flushAt: 10,
      requestTimeoutMs: 2_000,
    });
    collector.faults.set(() => fault);
    const ids = trackMany(client, 100);
    const time = holdTime();
    const flushed = client.flush();
    await time.until(() => warnings.length === 1, STEP_MS);
    expect(outcomes).toEqual([]);
    collector.faults.clear();
    expect(await time.settle(flushed, STEP_MS)).toEqual({
      delivered: 100,
      rejected: 0,
      dropped: 0,
      pending: 0,
      unknown: 0,
    });
    expect(arrived(collector).sort()).toEqual(ids.sort());
  });

  it('when nothing listens: the service is found as soon as it does', async () => {
    const port = await freePort();
    const { client, warnings, outcomes } = await rig({ baseUrl: `http://127.0.0.1:${port}/api/v1`, maxRetries: 1 });
    const ids = trackMany(client, 1_000);
    const time = holdTime();
    const flushed = client.flush();
    await time.until(() => warnings.length === 1, STEP_MS);
    expect(outcomes).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('ECONNREFUSED')]);
    await using collector = await createCollector({ port });
    expect(await time.settle(flushed, STEP_MS)).toEqual({
      delivered: 1_000,
      rejected: 0,
      dropped: 0,
      pending: 0,
      unknown: 0,
    });
    expect(arrived(collector).sort()).toEqual(ids.sort());
    expect(warnings).toHaveLength(1);
  });
});
