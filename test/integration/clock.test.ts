import { describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/types.js';
import { arrived, rig, trackMany, until } from '../support/client.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HTTP_503 = { kind: 'status', status: 503 } as const;

/** Lets the client hear the service's clock twice, so that it may judge by it. */
async function confirmClock(client: Client): Promise<void> {
  for (const distinctId of ['first', 'second']) {
    client.track({ event: 'purchase', userId: 'v', distinctId });
    await client.flush();
  }
}

/**
 * Expects times by the service's clock of events that were tracked and sent between two moments. The client learns that clock
 * to within a second and the duration of a request, and stays a little behind it where the time was ahead.
 */
function expectRightTimes(times: readonly number[], before: number, after = Date.now()): void {
  const marginMs = 2_000 + (after - before);
  for (const time of times) {
    expect(time).toBeGreaterThanOrEqual(before - marginMs);
    expect(time).toBeLessThanOrEqual(after + marginMs);
  }
}

describe('an event that waits', () => {
  it('is dropped as too_old after seven days by the service’s clock, and never given a new time', async () => {
    let serviceAheadMs = 0;
    const now = (): number => Date.now() + serviceAheadMs;
    const { client, collector, outcomes, warnings, time } = await rig({ collector: { now } });
    await confirmClock(client);
    collector.faults.set(() => HTTP_503);
    client.track({ event: 'purchase', userId: 'v', distinctId: 'old' });
    client.track({ event: 'purchase', userId: 'v', distinctId: 'older', time: Date.now() - DAY_MS });
    void client.flush();
    await until(() => warnings.length === 1);
    // Six and a half days go by, for this machine and for the service.
    serviceAheadMs = 6.5 * DAY_MS;
    time.aheadMs = serviceAheadMs;
    time.skip(serviceAheadMs);
    collector.faults.clear();
    expect(await client.flush()).toMatchObject({ delivered: 3, rejected: 0, dropped: 1 });
    expect(outcomes.filter(({ status }) => status === 'dropped')).toMatchObject([
      { distinctId: 'older', reason: 'too_old' },
    ]);
  });

  it('is too_old as well when the service itself refuses it, which its message says, before its clock was heard twice', async () => {
    const { client, outcomes } = await rig();
    client.track({ event: 'purchase', userId: 'v', distinctId: 'older', time: Date.now() - 8 * DAY_MS });
    expect(await client.flush()).toEqual({ delivered: 0, rejected: 0, dropped: 1, pending: 0, unknown: 0 });
    expect(outcomes).toMatchObject([
      {
        distinctId: 'older',
        status: 'dropped',
        reason: 'too_old',
        message: 'the service refused it: older than 7 days.',
      },
    ]);
  });

  it('keeps the time of the call, not of the delivery', async () => {
    let serviceAheadMs = 0;
    const now = (): number => Date.now() + serviceAheadMs;
    const { client, collector, warnings, time } = await rig({ collector: { now } });
    collector.faults.next(HTTP_503);
    const before = Date.now();
    trackMany(client, 1);
    void client.flush();
    await until(() => warnings.length === 1);
    const after = Date.now();
    // A minute goes by on every clock.
    serviceAheadMs = 60_000;
    time.aheadMs = serviceAheadMs;
    time.skip(serviceAheadMs);
    await client.flush();
    const [event] = collector.events();
    expect(event?.time).toBeGreaterThanOrEqual(before);
    expect(event?.time).toBeLessThanOrEqual(after);
    expect(event?.receivedAt).toBeGreaterThanOrEqual(after + 60_000);
  });
});

describe('a clock that is an hour fast', () => {
  it('costs no event, not even of the very first batch', async () => {
    const { client, collector, outcomes } = await rig({ flushAt: 10, platform: { now: () => Date.now() + HOUR_MS } });
    const before = Date.now();
    trackMany(client, 50);
    expect(await client.flush()).toEqual({ delivered: 50, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    trackMany(client, 10, 'later ');
    expect(await client.flush()).toEqual({ delivered: 60, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(outcomes.every(({ status }) => status === 'delivered')).toBe(true);
    const times = collector.events().map(({ time }) => time);
    expectRightTimes(times, before);
  });

  it('is corrected when the service refuses the first batch as a whole, too', async () => {
    const { client, collector } = await rig({ platform: { now: () => Date.now() + HOUR_MS } });
    collector.faults.next({ kind: 'status', status: 400 });
    trackMany(client, 5);
    expect(await client.flush()).toEqual({ delivered: 5, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(collector.requests).toBe(2);
  });

  it('leaves explicit times alone that are in the past by the service’s clock', async () => {
    const { client, collector } = await rig({ platform: { now: () => Date.now() + HOUR_MS } });
    const before = Date.now();
    const paidAt = before - 2 * HOUR_MS;
    client.track({ event: 'purchase', userId: 'v', distinctId: 'past', time: paidAt });
    client.track({ event: 'purchase', userId: 'v', distinctId: 'now', time: new Date(Date.now() + HOUR_MS) });
    expect(await client.flush()).toMatchObject({ delivered: 2 });
    const times = new Map(collector.events().map(({ distinctId, time }) => [distinctId, time]));
    expect(times.get('past')).toBe(paidAt);
    expectRightTimes([times.get('now')!], before);
  });
});

describe('a clock that is an hour slow', () => {
  it('is learned, so that events have the service’s time', async () => {
    const { client, collector } = await rig({ platform: { now: () => Date.now() - HOUR_MS } });
    const before = Date.now();
    trackMany(client, 1, 'first ');
    await client.flush();
    trackMany(client, 1, 'second ');
    await client.flush();
    expectRightTimes([collector.events()[1]!.time], before);
  });
});

describe('an explicit time', () => {
  it('is sent as it was given, as a Date or as milliseconds', async () => {
    const { client, collector } = await rig();
    const at = Date.now() - 3 * DAY_MS;
    client.track({ event: 'purchase', userId: 'v', time: at });
    client.track({ event: 'purchase', userId: 'v', time: new Date(at) });
    await client.flush();
    expect(collector.events().map(({ time }) => time)).toEqual([at, at]);
  });

  it('is refused at the call when it is older than seven days or in the future, with words to act on', async () => {
    const { client, collector, outcomes } = await rig();
    await confirmClock(client);
    outcomes.length = 0;
    client.track({ event: 'purchase', userId: 'v', time: Date.now() - 8 * DAY_MS });
    client.track({ event: 'purchase', userId: 'v', time: Date.now() + 2 * DAY_MS });
    client.track({ event: 'purchase', userId: 'v', time: Math.floor(Date.now() / 1000) });
    expect(await client.flush()).toMatchObject({ rejected: 3, dropped: 0, pending: 0 });
    expect(collector.requests).toBe(2);
    expect(outcomes).toMatchObject([
      { code: 'invalid_time', message: expect.stringContaining('7 days') },
      { code: 'invalid_time', message: expect.stringContaining('future') },
      { code: 'invalid_time', message: expect.stringContaining('multiply by 1000') },
    ]);
    expect(arrived(collector)).toEqual(['first', 'second']);
  });

  it('by the clock of another machine may be ahead, and arrives as now', async () => {
    const { client, collector } = await rig();
    const before = Date.now();
    client.track({ event: 'purchase', userId: 'v', time: before + HOUR_MS });
    expect(await client.flush()).toEqual({ delivered: 1, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expectRightTimes([collector.events()[0]!.time], before);
  });

  it('may be right although this machine’s clock is days behind', async () => {
    const { client, collector } = await rig({ platform: { now: () => Date.now() - 8 * DAY_MS } });
    const paidAt = Date.now() - 60_000;
    client.track({ event: 'purchase', userId: 'v', time: paidAt });
    expect(await client.flush()).toEqual({ delivered: 1, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(collector.events()[0]?.time).toBe(paidAt);
  });
});

describe('a clock that is set while events wait', () => {
  it.each([
    ['eight days ahead', 8 * DAY_MS],
    ['an hour back', -HOUR_MS],
    ['eight days back', -8 * DAY_MS],
  ])('%s costs no event and changes no time, before the service was heard and after', async (_how, ms) => {
    for (const isHeard of [false, true]) {
      const { client, collector, warnings, time } = await rig();
      if (isHeard) await confirmClock(client);
      collector.faults.set(() => HTTP_503);
      const before = Date.now();
      trackMany(client, 20);
      void client.flush();
      await until(() => warnings.length === 1);
      const after = Date.now();
      time.aheadMs = ms;
      collector.faults.clear();
      expect(await client.flush()).toMatchObject({ rejected: 0, dropped: 0, pending: 0 });
      const times = collector.events().flatMap((event) => (event.distinctId?.startsWith('e') ? event.time : []));
      expect(times).toHaveLength(20);
      for (const at of times) {
        expect(at).toBeGreaterThanOrEqual(before);
        expect(at).toBeLessThanOrEqual(after);
      }
    }
  });

  it('right while events wait costs none that it stamped when it was wrong', async () => {
    for (const ms of [HOUR_MS, 8 * DAY_MS, -8 * DAY_MS]) {
      const { client, collector, warnings, time } = await rig();
      time.aheadMs = ms;
      collector.faults.set(() => HTTP_503);
      const before = Date.now();
      trackMany(client, 20);
      void client.flush();
      await until(() => warnings.length === 1);
      time.aheadMs = 0;
      collector.faults.clear();
      expect(await client.flush()).toEqual({ delivered: 20, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
      const times = collector.events().map((event) => event.time);
      expectRightTimes(times, before);
    }
  });
});

describe('a clock that is a little fast', () => {
  it.each([500, 1_100, 1_500, 2_200])('by %s ms costs no event', async (ms) => {
    const { client } = await rig({ platform: { now: () => Date.now() + ms } });
    for (let n = 0; n < 5; n += 1) {
      trackMany(client, 1, `${n} `);
      await client.flush();
    }
    expect(await client.flush()).toEqual({ delivered: 5, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
  });
});
