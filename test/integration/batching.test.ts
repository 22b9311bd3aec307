import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Collector } from '../../src/collector/index.js';
import { arrived, idOf, rig, trackMany, until } from '../support/client.js';
import { simulate } from '../support/simulated-service.js';

/** The ids of each batch, in the order they were received. */
function recordBatches(collector: Collector): string[][] {
  const batches: string[][] = [];
  collector.faults.set(({ rows }) => {
    if (rows !== undefined) batches.push(rows.map(idOf));
    return undefined;
  });
  return batches;
}

const HOUR_MS = 3_600_000;

describe('events are gathered into batches', () => {
  it('sends a batch as soon as flushAt events wait, and keeps the rest for later', async () => {
    const { client, collector } = await rig({ flushAt: 10, flushIntervalMs: HOUR_MS, concurrency: 1 });
    const batches = recordBatches(collector);
    trackMany(client, 25);
    await until(() => arrived(collector).length === 20);
    expect(batches.map((ids) => ids.length)).toEqual([10, 10]);
    expect(await client.flush()).toMatchObject({ delivered: 25, pending: 0 });
    expect(batches.map((ids) => ids.length)).toEqual([10, 10, 5]);
    expect(batches.flat()).toEqual(arrived(collector));
  });

  it('sends what there is after flushIntervalMs, the very first events after a fifth of a second', async () => {
    const { client, requests, pass } = simulate({
      flushAt: 1_000,
      flushIntervalMs: 5_000,
      random: () => 0,
      endingOf: () => 'ok',
    });
    trackMany(client, 1, 'first ');
    await pass(199);
    expect(requests).toEqual([]);
    await pass(1);
    expect(requests.map(({ ids }) => ids)).toEqual([['first 0']]);
    trackMany(client, 2);
    await pass(4_000);
    trackMany(client, 1, 'later ');
    await pass(999);
    expect(requests).toHaveLength(1);
    await pass(1);
    expect(requests.map(({ ids }) => ids).at(-1)).toEqual(['e0', 'e1', 'later 0']);
  });

  it('sends all of any bursts by itself, at the latest after the flush interval and its requests', async () => {
    const world = fc.record({
      bursts: fc.array(
        fc.record({ count: fc.integer({ min: 1, max: 700 }), gapMs: fc.constantFrom(0, 1, 50, 3_000) }),
        {
          minLength: 1,
          maxLength: 4,
        },
      ),
      flushAt: fc.constantFrom(1, 10, 100),
      concurrency: fc.constantFrom(1, 2, 4),
      latencyMs: fc.constantFrom(0, 5, 400),
    });
    await fc.assert(
      fc.asyncProperty(world, async ({ bursts, ...options }) => {
        const { client, taken, pass, passUntil } = simulate({
          ...options,
          flushIntervalMs: 1_000,
          random: () => 0,
          endingOf: () => 'ok',
        });
        let tracked = 0;
        for (const { count, gapMs } of bursts) {
          trackMany(client, count, `burst of ${tracked} `);
          tracked += count;
          await pass(gapMs);
        }
        const requests = Math.ceil(tracked / options.flushAt) + bursts.length;
        expect(await passUntil(() => taken.size === tracked, 2_000 + requests * (options.latencyMs + 5))).toBe(true);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it('sends no request for nothing', async () => {
    const { client, collector } = await rig({ flushIntervalMs: 1 });
    await client.flush();
    trackMany(client, 1);
    await client.flush();
    await client.flush();
    expect(collector.requests).toBe(1);
  });

  it('keeps every request within maxBatchBytes, counted in UTF-8', async () => {
    const maxBatchBytes = 4_096;
    const bodies: string[] = [];
    const { client, collector } = await rig({
      maxBatchBytes,
      fetch: (url, init) => {
        bodies.push(init.body);
        return fetch(url, init);
      },
    });
    // Two to four bytes a character: a size in characters would be far too small.
    for (let i = 0; i < 40; i++) {
      client.track({
        event: 'read',
        userId: 'v',
        eventProperties: { text: 'ß€😀'.repeat(10 + i) },
        distinctId: `e${i}`,
      });
    }
    await client.flush();
    expect(arrived(collector)).toHaveLength(40);
    const sizes = bodies.map((body) => Buffer.byteLength(body));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(maxBatchBytes);
    // And as full as that allows: the largest event has less than 700 bytes.
    expect(sizes.filter((size) => size < maxBatchBytes - 700)).toHaveLength(1);
  });

  it('refuses an event that fits no request and sends the others', async () => {
    const { client, collector, outcomes } = await rig({ maxBatchBytes: 2_048 });
    client.track({ event: 'big', userId: 'v', eventProperties: { text: 'x'.repeat(3_000) }, distinctId: 'big' });
    const ids = trackMany(client, 99);
    expect(await client.flush()).toEqual({ delivered: 99, rejected: 1, dropped: 0, pending: 0, unknown: 0 });
    expect(arrived(collector).sort()).toEqual(ids.sort());
    expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([
      { distinctId: 'big', code: 'event_too_large' },
    ]);
  });

  it('sends what the event was when it was tracked, whatever becomes of the objects afterwards', async () => {
    const { client, collector } = await rig();
    const eventProperties = { value: '1' };
    client.track({ event: 'purchase', userId: 'v', eventProperties });
    eventProperties.value = '2';
    await client.flush();
    expect(collector.events()[0]).toMatchObject({ eventProperties: { value: '1' } });
  });
});

describe('requests run side by side', () => {
  it('has at most `concurrency` batches under way', async () => {
    let underWay = 0;
    let most = 0;
    const { client, collector } = await rig({
      flushAt: 5,
      concurrency: 3,
      experimentToken: undefined,
      // Counts from the client's side: a request is under way until its answer is here.
      fetch: async (url, init) => {
        underWay += 1;
        most = Math.max(most, underWay);
        const answer = await fetch(url, init);
        const text = await answer.text();
        underWay -= 1;
        return { status: answer.status, headers: answer.headers, text: async () => text };
      },
    });
    trackMany(client, 100);
    await client.flush();
    expect(arrived(collector)).toHaveLength(100);
    expect(most).toBe(3);
  });

  it('opens no more sockets than that', async () => {
    const { client, collector } = await rig({ flushAt: 5, concurrency: 3, experimentToken: undefined });
    trackMany(client, 100);
    await client.flush();
    expect(arrived(collector)).toHaveLength(100);
    expect(collector.sockets).toBeLessThanOrEqual(3);
  });

  it('uses its sockets again', async () => {
    const { client, collector } = await rig({ concurrency: 1, experimentToken: undefined });
    for (let i = 0; i < 5; i++) {
      trackMany(client, 1, `round ${i} `);
      await client.flush();
    }
    expect(collector.requests).toBe(5);
    expect(collector.sockets).toBe(1);
  });

  it('sends ten thousand events of one tick without losing one', async () => {
    const { client, collector } = await rig({ flushAt: 100 });
    const ids = trackMany(client, 10_000);
    expect(await client.flush()).toEqual({ delivered: 10_000, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(new Set(arrived(collector))).toEqual(new Set(ids));
    expect(collector.requests).toBe(100);
  });
});
