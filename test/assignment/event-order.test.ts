import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FetchLike } from '../../src/transport/transport.js';
import { answer, clientWith } from '../support/clients.js';

const NOON = Date.UTC(2026, 2, 14, 12);
const MINUTE_MS = 60_000;
/** Several phases of a second, which is the resolution of a Date header. */
const PHASES = [0, 5, 430, 985];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Row {
  readonly distinctId: string;
  readonly time: number;
}

/** A service that rejects events from the future and answers after 15 ms. */
function createService() {
  const impressions: number[] = [];
  const events = new Map<string, number>();
  let refusals = 0;

  const fetch: FetchLike = async (url, { body }) => {
    await passed(10);
    const date = new Date().toUTCString();
    const result = url.includes('/assignments/') ? assigned() : took(JSON.parse(body).events as Row[]);
    await passed(5);
    return answer(200, result, { date });
  };
  const assigned = () => {
    impressions.push(Date.now());
    return { success: true, in_experiment: true, experiment_id: 'e', variant_id: 'v', variant_name: 'one_page' };
  };
  const took = (rows: readonly Row[]) => {
    const results = rows.map(({ distinctId, time }, index) => {
      if (time <= Date.now()) events.set(distinctId, time);
      else refusals += 1;
      const failure = { success: false, code: 'invalid_event', message: 'time must not be in the future' };
      return { index, ...(time <= Date.now() ? { success: true } : failure) };
    });
    return { success: true, results };
  };
  return { fetch, impressions, events, refusals: () => refusals };
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A client on a machine with a wrong clock. */
function world(aheadMs: number, phaseMs = 0) {
  vi.setSystemTime(NOON + phaseMs);
  const service = createService();
  const { client, said } = clientWith({ fetch: service.fetch }, { now: () => Date.now() + aheadMs });
  const assign = async () => {
    const assigning = client.assign('checkout', { userId: 'v', sessionId: 's' });
    await vi.advanceTimersByTimeAsync(20);
    return assigning;
  };
  const flush = async () => {
    const flushing = client.flush();
    await vi.advanceTimersByTimeAsync(10_000);
    return flushing;
  };
  return { service, client, said, assign, flush };
}

describe('an event tracked after an assignment, in the same request', () => {
  it.each([0, -20, -400, -5 * MINUTE_MS].flatMap((aheadMs) => PHASES.map((phaseMs) => [aheadMs, phaseMs])))(
    'happens after it by the service’s clock, and is never refused: %i ms ahead, %i ms into a second',
    async (aheadMs, phaseMs) => {
      const { service, client, said, assign, flush } = world(aheadMs, phaseMs);
      await assign();
      client.track({ event: 'purchase', userId: 'v', distinctId: 'p' });
      expect(await flush()).toMatchObject({ delivered: 1, rejected: 0 });
      expect(service.events.get('p')).toBeGreaterThanOrEqual(service.impressions[0]!);
      expect(service.refusals()).toBe(0);
      expect(said).toEqual([]);
    },
  );

  it('is held until its time, for at most a second plus the duration of a request', async () => {
    const { service, client, assign } = world(-20, 5);
    await assign();
    client.track({ event: 'purchase', userId: 'v', distinctId: 'p' });
    const flushing = client.flush();
    await vi.advanceTimersByTimeAsync(900);
    expect(service.events.size).toBe(0);
    await vi.advanceTimersByTimeAsync(650);
    expect(service.events.size).toBe(1);
    await flushing;
  });

  it('is delivered even if the clock is fast by less than can be detected', async () => {
    const { service, client, assign, flush } = world(300, 5);
    await assign();
    client.track({ event: 'purchase', userId: 'v', distinctId: 'p' });
    expect(await flush()).toMatchObject({ delivered: 1 });
    expect(service.events.size).toBe(1);
  });

  it('keeps its explicit time, and another visitor’s event is not held', async () => {
    const { service, client, assign, flush } = world(-20, 5);
    await assign();
    const time = Date.now() - MINUTE_MS;
    client.track({ event: 'purchase', userId: 'v', distinctId: 'timed', time });
    client.track({ event: 'purchase', userId: 'other', distinctId: 'other' });
    const now = Date.now();
    await flush();
    expect(service.events).toEqual(
      new Map([
        ['timed', time],
        ['other', now - 20],
      ]),
    );
  });
});

describe('events that were delivered before the client knew that its clock is slow', () => {
  it('cause one warning with the amount by which their times are too early', async () => {
    const { client, said, flush } = world(-5 * MINUTE_MS);
    client.track({ event: 'purchase', userId: 'v' });
    client.track({ event: 'purchase', userId: 'w' });
    await flush();
    expect(said).toEqual([expect.stringMatching(/clock is about 30[01] s slow/)]);
    client.track({ event: 'purchase', userId: 'v' });
    await flush();
    expect(said).toHaveLength(1);
  });

  it('cause no warning if the clock is right to a second, or fast', async () => {
    for (const aheadMs of [-500, 0, 5 * MINUTE_MS]) {
      const { client, said, flush } = world(aheadMs);
      client.track({ event: 'purchase', userId: 'v' });
      expect(await flush()).toMatchObject({ delivered: 1 });
      expect(said).toEqual([]);
    }
  });
});
