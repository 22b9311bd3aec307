import { describe, expect, it } from 'vitest';
import { createCollector, type Fault } from '../../src/collector/index.js';
import { arrived, rig, trackMany, until } from '../support/client.js';

const HTTP_503: Fault = { kind: 'status', status: 503 };
const HTTP_500: Fault = { kind: 'status', status: 500 };

/** A port nobody listens on, though a collector may. */
async function freePort(): Promise<number> {
  await using collector = await createCollector();
  return Number(new URL(collector.url).port);
}

describe('while the service is down', () => {
  it('asks it at most twice a second, each time with one event, and warns once', async () => {
    const { client, collector, warnings, outcomes } = await rig({ flushAt: 10, flushIntervalMs: 5 });
    const asked: { at: number; rows: number }[] = [];
    collector.faults.set(({ rows = [] }) => {
      asked.push({ at: performance.now(), rows: rows.length });
      return HTTP_503;
    });
    const flushed = client.flush();
    const events = setInterval(() => trackMany(client, 5, `${performance.now()} `), 5);
    await until(() => asked.length >= 8);
    clearInterval(events);
    // The first ones were under way together, one for each sender; after them the gate is closed.
    const afterwards = asked.slice(4);
    const gaps = afterwards.slice(1).map(({ at }, index) => at - (afterwards[index]?.at ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(498);
    expect(afterwards.map(({ rows }) => rows)).toEqual(afterwards.map(() => 1));
    expect(warnings).toEqual([expect.stringContaining('HTTP 503')]);
    expect(outcomes).toEqual([]);
    await flushed;
  });

  it('comes back with one probe, then delivers everything', async () => {
    const { client, collector, warnings } = await rig({ flushAt: 10 });
    collector.faults.set(() => HTTP_503);
    trackMany(client, 500);
    await client.flush({ timeoutMs: 700 });
    const batches: number[] = [];
    let underWay = 0;
    collector.faults.set(({ rows = [] }) => {
      batches.push(rows.length);
      underWay += 1;
      if (batches.length === 1) setTimeout(() => (underWay -= 1), 50);
      else if (batches.length === 2) expect(underWay, 'nobody went beside the probe').toBe(1);
      return batches.length === 1 ? { kind: 'delay', ms: 60 } : undefined;
    });
    expect(await client.flush()).toEqual({ delivered: 500, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(batches.slice(0, 2)).toEqual([1, 10]);
    expect(collector.duplicates).toBe(0);
    expect(warnings).toHaveLength(1);
  });

  it('warns again when it goes down again', async () => {
    const { client, collector, warnings } = await rig();
    for (const [round, expected] of [1, 2].entries()) {
      collector.faults.set([HTTP_503]);
      trackMany(client, 3, `round ${round} `);
      await client.flush();
      expect(warnings).toHaveLength(expected);
    }
  });

  it('is left alone from the first request on that has used up its retries while nobody was answered', async () => {
    const { client, collector, warnings } = await rig({ maxRetries: 0 });
    collector.faults.set(() => HTTP_500);
    trackMany(client, 3);
    void client.flush();
    await until(() => warnings.length === 1);
    await client.flush({ timeoutMs: 100 });
    expect(collector.requests).toBe(1);
  });

  it('leaves no event lying when it is back, though nothing more is tracked', async () => {
    // The gate and the queue measure the same wait by two clocks: many clients, to meet them at odds.
    const rigs = await Promise.all(Array.from({ length: 40 }, () => rig({ flushIntervalMs: 1, flushAt: 2 })));
    for (const [index, { client, collector }] of rigs.entries()) {
      collector.faults.next(...(index % 2 === 0 ? [HTTP_503, HTTP_503] : [HTTP_503, undefined, HTTP_503]));
      trackMany(client, 1 + (index % 3));
    }
    await Promise.all(rigs.map(({ collector }, index) => until(() => arrived(collector).length === 1 + (index % 3))));
  });
});

describe.concurrent('an outage costs nothing, not even with a single retry', () => {
  it.for([
    ['answers 500 to everything', HTTP_500],
    ['answers 502 to everything', { kind: 'status', status: 502 }],
    ['resets every connection', { kind: 'reset' }],
    ['answers with a page of HTML', { kind: 'badJson' }],
    ['fails every row', { kind: 'rows', code: 'queue_failed', share: 1 }],
    ['never answers', { kind: 'hang' }],
    ['falls silent half-way', { kind: 'stallBody' }],
  ] satisfies [string, Fault][])('when the service %s', async ([, fault], { expect, onTestFinished }) => {
    const { client, collector, outcomes, warnings } = await rig({
      maxRetries: 1,
      flushAt: 10,
      requestTimeoutMs: 60,
      onFinished: onTestFinished,
    });
    collector.faults.set(() => fault);
    const ids = trackMany(client, 100);
    void client.flush();
    await until(() => warnings.length === 1);
    // What was under way when the gate closed comes to its end.
    await client.flush({ timeoutMs: 200 });
    expect(outcomes).toEqual([]);
    const asked = collector.requests;
    await client.flush({ timeoutMs: 800 });
    expect(collector.requests - asked, 'at most two a second').toBeLessThanOrEqual(2);
    collector.faults.clear();
    expect(await client.flush()).toEqual({ delivered: 100, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(arrived(collector).sort()).toEqual(ids.sort());
  });

  it('when nobody listens: the service is found as soon as somebody does', async ({ expect, onTestFinished }) => {
    const port = await freePort();
    const { client, warnings, outcomes } = await rig({
      baseUrl: `http://127.0.0.1:${port}/api/v1`,
      maxRetries: 1,
      onFinished: onTestFinished,
    });
    const ids = trackMany(client, 1_000);
    await client.flush({ timeoutMs: 1_200 });
    expect(outcomes).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('ECONNREFUSED')]);
    await using collector = await createCollector({ port });
    expect(await client.flush()).toEqual({ delivered: 1_000, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(arrived(collector).sort()).toEqual(ids.sort());
    expect(warnings).toHaveLength(1);
  });
});
