import { describe, expect, it } from 'vitest';
import { seeded } from '../support/client.js';
import { type Ending, type Simulation, simulate } from '../support/simulated-service.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const BROKEN: readonly Ending[] = [
  { status: 401 },
  { status: 403, page: true },
  { status: 429, retryAfterMs: 30_000 },
  { status: 500 },
  { status: 503 },
  'reset',
  'hang',
];

/** Tracks one event, of somebody else each time. */
function trackAnother({ client }: Simulation, at: number): void {
  client.track({ event: 'page_viewed', userId: `other ${at}`, distinctId: `other ${at}` });
}

describe('while the endpoint of identifies fails alone', () => {
  it.each(BROKEN)('events that follow no identify are delivered within seconds: %j', async (ending) => {
    const simulation = simulate({
      random: seeded(3),
      endingOf: ({ path, atMs }) => (path === '/identify' && atMs < 16 * MINUTE_MS ? ending : 'ok'),
    });
    const { client, taken, requests, outcomes, pass, passUntil } = simulation;
    const trackedAt = new Map<string, number>();
    for (let second = 0; second < 15 * 60; second += 1) {
      client.identify({ userId: `v${second}`, userProperties: { city: 'Bern' } });
      client.track({ event: 'purchase', userId: `v${second}`, distinctId: `purchase ${second}` });
      for (let at = 0; at < 3; at += 1) {
        trackAnother(simulation, 3 * second + at);
        trackedAt.set(`other ${3 * second + at}`, simulation.now());
      }
      await pass(1_000);
    }
    await pass(15_000);
    const waits = [...trackedAt]
      .map(([id, at]) => (taken.get(id) ?? Number.POSITIVE_INFINITY) - at)
      .sort((a, b) => a - b);
    expect(waits.at(-1)).toBeLessThan(10_000);
    expect(waits[Math.floor(0.8 * waits.length)]).toBeLessThan(2_000);
    // The endpoint is asked about once a second, or less.
    expect(requests.filter(({ path }) => path === '/identify').length).toBeLessThan(15 * 60 + 50);

    const lost = (): number => outcomes.filter(({ status }) => status !== 'delivered').length;
    const isDone = (): boolean => taken.size === 15 * 60 * 5 - lost();
    expect(await passUntil(isDone, 10 * MINUTE_MS)).toBe(true);
    // A failure of the service uses up retries, as for any event.
    expect(lost()).toBeLessThan(ending === BROKEN[3] || ending === 'reset' || ending === 'hang' ? 10 : 1);
  });

  it.each([10_000, 60_000])(
    'which takes one a second in each %i ms, two a second delay no other event',
    async (windowMs) => {
      const asked = new Map<number, number>();
      const simulation = simulate({
        random: seeded(3),
        endingOf({ path, atMs }) {
          if (path !== '/identify') return 'ok';
          const window = Math.floor(atMs / windowMs);
          const count = (asked.get(window) ?? 0) + 1;
          asked.set(window, count);
          if (count <= windowMs / 1_000) return 'ok';
          return { status: 429, retryAfterMs: (window + 1) * windowMs - atMs };
        },
      });
      const { client, taken, pass, now } = simulation;
      const waits: (() => number)[] = [];
      for (let second = 0; second < 15 * 60; second += 1) {
        for (const name of ['a', 'b'])
          client.identify({ userId: `${name}${second}`, userProperties: { city: 'Bern' } });
        for (let at = 0; at < 5; at += 1) {
          const trackedAt = now();
          trackAnother(simulation, 5 * second + at);
          waits.push(() => (taken.get(`other ${5 * second + at}`) ?? Number.POSITIVE_INFINITY) - trackedAt);
        }
        await pass(1_000);
      }
      await pass(5_000);
      expect(Math.max(...waits.map((wait) => wait()))).toBeLessThan(3_000);
    },
  );

  it('which is limited and states no pause, it gets no bursts of identifies that failed before', async () => {
    const asked = new Map<number, number>();
    const simulation = simulate({
      random: seeded(3),
      endingOf({ path, atMs }) {
        if (path !== '/identify') return 'ok';
        const window = Math.floor(atMs / 5_000);
        const count = (asked.get(window) ?? 0) + 1;
        asked.set(window, count);
        return count <= 5 ? 'ok' : { status: 429 };
      },
    });
    const { client, pass } = simulation;
    for (let second = 0; second < 15 * 60; second += 1) {
      for (const name of ['a', 'b']) client.identify({ userId: `${name}${second}`, userProperties: { city: 'Bern' } });
      trackAnother(simulation, second);
      await pass(1_000);
    }
    expect(Math.max(...asked.values())).toBeLessThan(30);
  });

  it('a short outage of events ends for them when it is over', async () => {
    const simulation = simulate({
      random: seeded(3),
      endingOf({ path, atMs }) {
        if (path === '/identify') return { status: 403, page: true };
        return atMs > MINUTE_MS && atMs % MINUTE_MS < 3_000 ? { status: 503 } : 'ok';
      },
    });
    const { client, taken, pass, now } = simulation;
    const waits: (() => number)[] = [];
    for (let second = 0; second < 15 * 60; second += 1) {
      for (let at = 0; at < 20; at += 1) {
        client.identify({ userId: `v${20 * second + at}`, userProperties: { city: 'Bern' } });
      }
      const trackedAt = now();
      trackAnother(simulation, second);
      waits.push(() => (taken.get(`other ${second}`) ?? Number.POSITIVE_INFINITY) - trackedAt);
      await pass(1_000);
    }
    await pass(15_000);
    expect(Math.max(...waits.map((wait) => wait()))).toBeLessThan(15_000);
  });

  it('purchases of people whose identify is blocked wait for hours at most, however many there are', async () => {
    const simulation = simulate({
      random: seeded(5),
      endingOf: ({ path }) => (path === '/identify' ? { status: 403, page: true } : 'ok'),
    });
    const { client, taken, outcomes, pass, now } = simulation;
    for (let at = 0; at < 500; at += 1) {
      client.identify({ userId: `v${at}`, userProperties: { city: 'Bern' } });
      client.track({ event: 'purchase', userId: `v${at}`, distinctId: `purchase ${at}` });
    }
    const count = (): number => [...taken.keys()].filter((id) => id.startsWith('purchase')).length;
    for (let at = 0; count() < 500 && now() < 6 * HOUR_MS; at += 1) {
      trackAnother(simulation, at);
      await pass(5_000);
    }
    expect(count()).toBe(500);
    expect(now()).toBeLessThan(3 * HOUR_MS);
    expect(outcomes.filter(({ kind, status }) => kind === 'identify' && status === 'dropped')).toHaveLength(500);
  });
});

describe('while half of all requests fail', () => {
  it.each([{ status: 500 }, 'reset'] as Ending[])('identifies keep pace with events: %j', async (ending) => {
    const chance = seeded(11);
    const simulation = simulate({ random: seeded(3), endingOf: () => (chance() < 0.5 ? ending : 'ok') });
    const { client, taken, pass, now } = simulation;
    const waits: (() => number)[] = [];
    for (let at = 0; at < 3 * 10 * 60; at += 1) {
      const trackedAt = now();
      client.identify({ userId: `v${at}`, userProperties: { city: 'Bern' } });
      client.track({ event: 'purchase', userId: `v${at}`, distinctId: `purchase ${at}` });
      waits.push(() => (taken.get(`purchase ${at}`) ?? Number.POSITIVE_INFINITY) - trackedAt);
      trackAnother(simulation, at);
      await pass(1_000 / 3);
    }
    await pass(30_000);
    const sorted = waits.map((wait) => wait()).sort((a, b) => a - b);
    expect(sorted[sorted.length / 2]).toBeLessThan(5_000);
    expect(sorted[Math.floor(0.98 * sorted.length)]).toBeLessThan(60_000);
  });
});

describe('identifies that are blocked for good', () => {
  it('are given up as fast as they come, once the first are an hour old', async () => {
    const simulation = simulate({
      random: seeded(5),
      endingOf: ({ path }) => (path === '/identify' ? { status: 403, page: true } : 'ok'),
    });
    const { client, taken, pass } = simulation;
    const COUNT = 1_200;
    for (let at = 0; at < COUNT; at += 1) {
      client.identify({ userId: `v${at}`, userProperties: { city: 'Bern' } });
      client.track({ event: 'purchase', userId: `v${at}`, distinctId: `purchase ${at}` });
      trackAnother(simulation, at);
      await pass(5_000);
    }
    const waiting = COUNT - [...taken.keys()].filter((id) => id.startsWith('purchase')).length;
    // Those of the last hour, and what is put aside for some minutes.
    expect(waiting).toBeLessThan((75 * 60) / 5);
  }, 600_000);
});

describe('an identify', () => {
  it.each([{ status: 503 }, { status: 403, page: true }, 'hang'] as Ending[])(
    'is not given up after an outage of hours because it works again later than events: %j',
    async (ending) => {
      const simulation = simulate({
        random: seeded(7),
        requestTimeoutMs: 2_000,
        endingOf: ({ path, atMs }) =>
          (atMs > MINUTE_MS && atMs < 2 * HOUR_MS) || (path === '/identify' && atMs < 2 * HOUR_MS + 20_000)
            ? ending
            : 'ok',
      });
      const { client, taken, outcomes, pass, now, passUntil } = simulation;
      for (let at = 0; at < 20; at += 1) client.identify({ userId: `v${at}`, userProperties: { city: 'Bern' } });
      // It fails a minute earlier, too, so identifies are paused when the outage begins.
      for (let at = 100; at < 160; at += 1) {
        trackAnother(simulation, at);
        await pass(1_000);
      }
      await pass(2 * HOUR_MS - now());
      for (let at = 0; at < 60; at += 1) {
        trackAnother(simulation, at);
        await pass(1_000);
      }
      expect(await passUntil(() => taken.size === 140, 10 * MINUTE_MS)).toBe(true);
      expect(outcomes.every(({ status }) => status === 'delivered')).toBe(true);
    },
  );

  it('that is blocked does not hold the only person for ever', async () => {
    const { client, taken, pass } = simulate({
      random: seeded(9),
      endingOf: ({ path }) => (path === '/identify' ? { status: 403, page: true } : 'ok'),
    });
    client.identify({ userId: 'v', userProperties: { city: 'Bern' } });
    for (let at = 0; at < 30; at += 1) {
      client.track({ event: 'purchase', userId: 'v', distinctId: `e${at}` });
      await pass(10 * MINUTE_MS);
    }
    expect(taken.size).toBe(30);
  });
});

describe('identifies that are blocked while nobody else is tracked any more', () => {
  it('hold the events behind them for hours, not for ever', async () => {
    const simulation = simulate({
      random: seeded(9),
      endingOf: ({ path }) => (path === '/identify' ? { status: 403, page: true } : 'ok'),
    });
    const { client, taken, pass } = simulation;
    const people = ['v', 'w', 'x'];
    for (const userId of people) {
      client.identify({ userId, userProperties: { city: 'Bern' } });
      for (let at = 0; at < 5; at += 1) {
        trackAnother(simulation, taken.size + at);
        await pass(1_000);
      }
    }
    const before = taken.size;
    for (let at = 0; at < 60; at += 1) {
      for (const userId of people) client.track({ event: 'purchase', userId, distinctId: `${userId} ${at}` });
      await pass(10 * MINUTE_MS);
    }
    expect(taken.size - before).toBe(180);
  });
});

describe('an event that the service answers with 401, while it takes others', () => {
  it('does not hold up the others', async () => {
    const simulation = simulate({
      random: seeded(13),
      endingOf: ({ ids }) => (ids.includes('bad') ? { status: 401 } : 'ok'),
    });
    const { client, taken, pass, passUntil } = simulation;
    client.track({ event: 'purchase', userId: 'v', distinctId: 'bad' });
    for (let at = 0; at < 3_000; at += 1) {
      trackAnother(simulation, at);
      await pass(100);
    }
    expect(await passUntil(() => taken.size === 3_000, 5 * MINUTE_MS)).toBe(true);
  });
});

describe('an answer that takes no row', () => {
  it('uses up no retries, even if some rows are invalid', async () => {
    const simulation = simulate({
      random: seeded(17),
      endingOf: ({ ids, atMs }) =>
        atMs < 20 * MINUTE_MS ? { failedRows: 'all', invalidRows: ids.filter((id) => id.startsWith('invalid')) } : 'ok',
    });
    const { client, taken, outcomes, pass, passUntil } = simulation;
    for (let second = 0; second < 20 * 60; second += 1) {
      for (let at = 0; at < 3; at += 1) trackAnother(simulation, 3 * second + at);
      client.track({ event: 'page_viewed', userId: 'v', distinctId: `invalid ${second}` });
      await pass(1_000);
    }
    await passUntil(() => taken.size === 3_600, 10 * MINUTE_MS);
    expect(
      outcomes.filter(({ status, distinctId }) => status !== 'delivered' && distinctId.startsWith('other')),
    ).toEqual([]);
    expect([...taken.keys()].filter((id) => id.startsWith('other'))).toHaveLength(3_600);
  });
});
