import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeded } from '../support/client.js';
import { type Ending, simulate } from '../support/simulated-service.js';

const ENDINGS: readonly Ending[] = [
  { status: 403, page: true },
  { status: 404, page: true },
  { status: 500 },
  { status: 502, page: true },
  { status: 200, page: true },
  'reset',
  'hang',
];
const REQUEST_TIMEOUT_MS = 2_000;

/**
 * How long the last of `good` events may take with `bad` ones among them, from the moment the service is well: five minutes
 * for the breaker to close, then a second for each event to be found by a probe and, where bad ones hang, for those to time out.
 */
function boundMs(good: number, bad: number, ending: Ending): number {
  return 300_000 + (good + bad) * 1_000 + (ending === 'hang' ? bad * 3 * REQUEST_TIMEOUT_MS : 0);
}

describe('bad events', () => {
  it('of which nearly all waiting events are, are searched once through for the good ones', async () => {
    const COUNT = 2_000;
    const good = new Set(['e1200', 'e1999']);
    const { client, taken, passUntil } = simulate({
      random: seeded(7),
      flushAt: 100,
      concurrency: 4,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      endingOf: ({ ids }) => (ids.every((id) => good.has(id)) ? 'ok' : { status: 500 }),
    });
    for (let at = 0; at < COUNT; at += 1) client.track({ event: 'purchase', userId: `v${at}`, distinctId: `e${at}` });
    const isDone = (): boolean => [...good].every((id) => taken.has(id));
    expect(await passUntil(isDone, 300_000 + 2 * COUNT * 1_000)).toBe(true);
  }, 120_000);

  it('of any kind, number and place, up to half of the queue, keep no good event waiting beyond a bound', async () => {
    const world = fc.record({
      seed: fc.integer(),
      ending: fc.constantFrom(...ENDINGS),
      count: fc.integer({ min: 2, max: 400 }),
      place: fc.constantFrom('head', 'anywhere', 'tail'),
      badShare: fc.double({ min: 0, max: 0.5, noNaN: true }),
      arriveForMs: fc.constantFrom(0, 1_000, 30_000),
      outage: fc.constantFrom(...ENDINGS, { status: 503, page: true } as const, 'none' as const),
      outageMs: fc.integer({ min: 0, max: 120_000 }),
      flushAt: fc.constantFrom(1, 10, 100),
      concurrency: fc.constantFrom(1, 2, 4),
    });
    await fc.assert(
      fc.asyncProperty(world, async (given) => {
        const { ending, count, place, outage, flushAt, concurrency } = given;
        const random = seeded(given.seed);
        const badCount = Math.floor(count * given.badShare);
        const first = place === 'tail' ? count - badCount : 0;
        const places = Array.from({ length: count }, (_, at) => at);
        const bad = new Set(
          place === 'anywhere'
            ? places.toSorted(() => random() - 0.5).slice(0, badCount)
            : places.slice(first, first + badCount),
        );
        const isBad = (id: string): boolean => bad.has(Number(id.slice(1)));
        const outageMs = outage === 'none' ? 0 : given.outageMs;
        const { client, taken, outcomes, now, pass, passUntil } = simulate({
          random,
          flushAt,
          concurrency,
          requestTimeoutMs: REQUEST_TIMEOUT_MS,
          endingOf: ({ ids, atMs }) =>
            atMs < outageMs && outage !== 'none' ? outage : ids.some(isBad) ? ending : 'ok',
        });
        for (const at of places) {
          client.track({ event: 'purchase', userId: `v${at % 7}`, distinctId: `e${at}` });
          await pass(given.arriveForMs / count);
        }
        await pass(Math.max(0, outageMs - now()));
        const good = places.map((at) => `e${at}`).filter((id) => !isBad(id));
        const isDone = (): boolean => good.every((id) => taken.has(id));
        expect(await passUntil(isDone, boundMs(good.length, badCount, ending)), JSON.stringify(given)).toBe(true);
        expect(outcomes.filter(({ status, distinctId }) => status !== 'delivered' && !isBad(distinctId))).toEqual([]);
      }),
      { numRuns: Number(process.env.BAD_EVENT_RUNS ?? 100), seed: Number(process.env.BAD_EVENT_SEED ?? 20_261) },
    );
  }, 600_000);

  it('that are identifies delay nobody else beyond the bound', async () => {
    const world = fc.record({
      seed: fc.integer(),
      ending: fc.constantFrom(...ENDINGS, { status: 401 } as const, { status: 503 } as const),
      people: fc.integer({ min: 2, max: 150 }),
      place: fc.constantFrom('head', 'anywhere', 'tail'),
      badShare: fc.double({ min: 0, max: 0.5, noNaN: true }),
      arriveForMs: fc.constantFrom(0, 1_000, 30_000),
      flushAt: fc.constantFrom(1, 10, 100),
      concurrency: fc.constantFrom(1, 2, 4),
    });
    await fc.assert(
      fc.asyncProperty(world, async (given) => {
        const { ending, people, place, flushAt, concurrency } = given;
        const random = seeded(given.seed);
        const badCount = Math.floor(people * given.badShare);
        const all = Array.from({ length: people }, (_, at) => at);
        const order =
          place === 'anywhere' ? all.toSorted(() => random() - 0.5) : place === 'head' ? all : all.toReversed();
        const bad = new Set(order.slice(0, badCount));
        const { client, taken, outcomes, pass, passUntil } = simulate({
          random,
          flushAt,
          concurrency,
          requestTimeoutMs: REQUEST_TIMEOUT_MS,
          endingOf: ({ path, ids }) =>
            path === '/identify' && ids.some((id) => bad.has(Number(id.slice(1)))) ? ending : 'ok',
        });
        for (const at of all) {
          client.identify({ userId: `v${at}`, userProperties: { city: 'Bern' } });
          client.track({ event: 'purchase', userId: `v${at}`, distinctId: `e${at}` });
          client.track({ event: 'page_viewed', userId: `w${at}`, distinctId: `f${at}` });
          await pass(given.arriveForMs / people);
        }
        const good = all.filter((at) => !bad.has(at)).flatMap((at) => [`v${at}`, `e${at}`]);
        const isDone = (): boolean => [...good, ...all.map((at) => `f${at}`)].every((id) => taken.has(id));
        expect(await passUntil(isDone, boundMs(3 * people, badCount, ending)), JSON.stringify(given)).toBe(true);
        const isBad = (id: string): boolean => bad.has(Number(id.slice(1)));
        expect(
          outcomes.filter(
            ({ status, kind, distinctId }) => kind === 'track' && status !== 'delivered' && !isBad(distinctId),
          ),
        ).toEqual([]);
      }),
      { numRuns: Number(process.env.BAD_EVENT_RUNS ?? 60), seed: Number(process.env.BAD_EVENT_SEED ?? 30_116) },
    );
  }, 600_000);
});
