import { describe, expect, it } from 'vitest';
import { arrived, rig, trackMany, until } from '../support/client.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HTTP_503 = { kind: 'status', status: 503 } as const;

describe('an event that waits', () => {
  it('is dropped as too_old after seven days, and never given a new time', async () => {
    const { client, collector, outcomes, warnings, time } = await rig();
    collector.faults.set(() => HTTP_503);
    client.track({ event: 'purchase', userId: 'v', distinctId: 'old' });
    client.track({ event: 'purchase', userId: 'v', distinctId: 'older', time: Date.now() - DAY_MS });
    void client.flush();
    await until(() => warnings.length === 1);
    time.aheadMs = 6.5 * DAY_MS;
    time.skip(60_000);
    client.track({ event: 'purchase', userId: 'v', distinctId: 'new', time: Date.now() });
    // The clock of the service has gone on as well, or this one would seem fast.
    collector.faults.set(({ rows = [] }) => ({
      kind: 'status',
      status: 200,
      headers: { date: new Date(time.now()).toUTCString() },
      body: { success: true, accepted: rows.length, failed: 0 },
    }));
    expect(await client.flush()).toEqual({ delivered: 2, rejected: 0, dropped: 1, pending: 0, unknown: 0 });
    expect(outcomes.filter(({ status }) => status === 'dropped')).toMatchObject([
      { distinctId: 'older', reason: 'too_old' },
    ]);
  });

  it('keeps the time of the call, not of the delivery', async () => {
    const { client, collector, warnings, time } = await rig();
    collector.faults.next(HTTP_503);
    const before = Date.now();
    trackMany(client, 1);
    void client.flush();
    await until(() => warnings.length === 1);
    const after = Date.now();
    time.skip(60_000);
    await client.flush();
    const [event] = collector.events();
    expect(event?.time).toBeGreaterThanOrEqual(before);
    expect(event?.time).toBeLessThanOrEqual(after);
    expect(event?.receivedAt).toBeGreaterThanOrEqual(event?.time ?? 0);
  });
});

describe('a clock that is an hour fast', () => {
  it('costs no event, not even of the very first batch', async () => {
    const { client, collector, outcomes } = await rig({ flushAt: 10, platform: { now: () => Date.now() + HOUR_MS } });
    trackMany(client, 50);
    expect(await client.flush()).toEqual({ delivered: 50, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    trackMany(client, 10, 'later ');
    expect(await client.flush()).toEqual({ delivered: 60, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(outcomes.every(({ status }) => status === 'delivered')).toBe(true);
    const now = Date.now();
    for (const { time } of collector.events()) expect(Math.abs(now - time)).toBeLessThan(20_000);
  });

  it('is mended when the service refuses the first batch as a whole, too', async () => {
    const { client, collector } = await rig({ platform: { now: () => Date.now() + HOUR_MS } });
    collector.faults.next({ kind: 'status', status: 400 });
    trackMany(client, 5);
    expect(await client.flush()).toEqual({ delivered: 5, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(collector.requests).toBe(2);
  });

  it('leaves explicit times alone that are in the past by the service’s clock', async () => {
    const { client, collector } = await rig({ platform: { now: () => Date.now() + HOUR_MS } });
    const paidAt = Date.now() - 2 * HOUR_MS;
    client.track({ event: 'purchase', userId: 'v', distinctId: 'past', time: paidAt });
    client.track({ event: 'purchase', userId: 'v', distinctId: 'now', time: new Date(Date.now() + HOUR_MS) });
    expect(await client.flush()).toMatchObject({ delivered: 2 });
    const times = new Map(collector.events().map(({ distinctId, time }) => [distinctId, time]));
    expect(times.get('past')).toBe(paidAt);
    expect(Math.abs(Date.now() - (times.get('now') ?? 0))).toBeLessThan(20_000);
  });
});

describe('a clock that is an hour slow', () => {
  it('is learned, so that events have the service’s time', async () => {
    const { client, collector } = await rig({ platform: { now: () => Date.now() - HOUR_MS } });
    trackMany(client, 1, 'first ');
    await client.flush();
    trackMany(client, 1, 'second ');
    await client.flush();
    expect(Math.abs(Date.now() - (collector.events()[1]?.time ?? 0))).toBeLessThan(20_000);
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
    client.track({ event: 'purchase', userId: 'v', time: Date.now() - 8 * DAY_MS });
    client.track({ event: 'purchase', userId: 'v', time: Date.now() + HOUR_MS });
    client.track({ event: 'purchase', userId: 'v', time: Math.floor(Date.now() / 1000) });
    expect(await client.flush()).toEqual({ delivered: 0, rejected: 3, dropped: 0, pending: 0, unknown: 0 });
    expect(collector.requests).toBe(0);
    expect(outcomes).toMatchObject([
      { code: 'invalid_time', message: expect.stringContaining('7 days') },
      { code: 'invalid_time', message: expect.stringContaining('future') },
      { code: 'invalid_time', message: expect.stringContaining('multiply by 1000') },
    ]);
    expect(arrived(collector)).toEqual([]);
  });
});
