import { describe, expect, it } from 'vitest';
import type { Collector, Fault } from '../../src/collector/index.js';
import { arrived, idOf, rig, trackMany } from '../support/client.js';
import { simulate } from '../support/simulated-service.js';

/** The rows of each batch as text, in the order they were received, while `plan` decides what becomes of them. */
function recordRows(collector: Collector, plan: (rows: readonly unknown[], attempt: number) => Fault | undefined) {
  const batches: string[][] = [];
  collector.faults.set(({ rows = [], attempt }) => {
    batches.push(rows.map((row) => JSON.stringify(row)));
    return plan(rows, attempt);
  });
  return batches;
}

const status = (code: number, rest: Omit<Extract<Fault, { kind: 'status' }>, 'kind' | 'status'> = {}): Fault => ({
  kind: 'status',
  status: code,
  ...rest,
});

describe('an answer about single rows (207)', () => {
  it('sends rows of queue_failed again, and only those, with the same id and text', async () => {
    const { client, collector } = await rig();
    const batches = recordRows(collector, (_, attempt) =>
      attempt === 1 ? { kind: 'rows', code: 'queue_failed', indexes: [1, 3] } : undefined,
    );
    trackMany(client, 5);
    expect(await client.flush()).toEqual({ delivered: 5, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(batches).toHaveLength(2);
    expect(batches[1]).toEqual([batches[0]?.[1], batches[0]?.[3]]);
    expect(collector.duplicates).toBe(0);
  });

  it('gives up rows of invalid_event with the service’s own words, and delivers the others once', async () => {
    const { client, collector, outcomes } = await rig();
    collector.faults.next({ kind: 'rows', code: 'invalid_event', indexes: [0, 2] });
    trackMany(client, 4);
    expect(await client.flush()).toEqual({ delivered: 2, rejected: 2, dropped: 0, pending: 0, unknown: 0 });
    expect(arrived(collector)).toEqual(['e1', 'e3']);
    expect(collector.requests).toBe(1);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([
      { distinctId: 'e0', code: 'invalid_event', message: 'injected fault' },
      { distinctId: 'e2', code: 'invalid_event' },
    ]);
  });

  it('drops a row after maxRetries further failures, each in a request whose other rows were taken', async () => {
    const failures: boolean[] = [];
    const { client, outcomes, passUntil } = simulate({
      maxRetries: 2,
      random: () => 0,
      endingOf({ ids }) {
        if (!ids.includes('e0')) return 'ok';
        failures.push(ids.length > 1);
        return { failedRows: ['e0'] };
      },
    });
    trackMany(client, 2);
    let later = 0;
    const isDropped = (): boolean => {
      trackMany(client, 1, `later ${later++} `);
      return outcomes.some(({ status }) => status === 'dropped');
    };
    expect(await passUntil(isDropped, 60_000)).toBe(true);
    expect(failures).toEqual([true, true, true]);
    expect(outcomes.filter(({ status }) => status !== 'delivered')).toMatchObject([
      { distinctId: 'e0', reason: 'retries_exhausted' },
    ]);
  });

  it('survives a service whose queue fails every row for a while, even with few retries', async () => {
    const { client, requests, taken, pass } = simulate({
      maxRetries: 1,
      random: () => 0,
      endingOf: () => (requests.length <= 3 ? { failedRows: 'all' } : 'ok'),
    });
    const ids = trackMany(client, 20);
    const flushed = client.flush();
    await pass(10_000);
    expect(await flushed).toEqual({ delivered: 20, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect([...taken.keys()].sort()).toEqual(ids.sort());
  });
});

describe('a request that is refused as a whole (400)', () => {
  it('is cut until the bad row stands alone; the others are delivered', async () => {
    const { client, collector, outcomes } = await rig();
    const ids = trackMany(client, 100);
    collector.faults.set(({ rows = [] }) => (rows.map(idOf).includes('e37') ? status(400) : undefined));
    expect(await client.flush()).toEqual({ delivered: 99, rejected: 1, dropped: 0, pending: 0, unknown: 0 });
    expect(arrived(collector).sort()).toEqual(ids.filter((id) => id !== 'e37').sort());
    expect(collector.duplicates).toBe(0);
    // Halving finds one of a hundred in 2 × log2(100) + 1 requests.
    expect(collector.requests).toBeLessThanOrEqual(15);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      distinctId: 'e37',
      code: 'http_error',
      message: expect.stringContaining('400'),
    });
  });

  it('is isolated with two bad rows as well', async () => {
    const { client, collector } = await rig();
    trackMany(client, 64);
    const bad = ['e0', 'e63'];
    collector.faults.set(({ rows = [] }) => (rows.some((row) => bad.includes(idOf(row))) ? status(400) : undefined));
    expect(await client.flush()).toEqual({ delivered: 62, rejected: 2, dropped: 0, pending: 0, unknown: 0 });
  });

  it('leaves the words of a message alone where the token is a letter or a short word', async () => {
    for (const token of ['t', 'shop']) {
      const { client, collector, outcomes } = await rig({ token });
      collector.faults.set(() => status(400, { body: { success: false, error: 'the total of this shop is no text' } }));
      trackMany(client, 1);
      await client.flush();
      expect(outcomes[0]).toMatchObject({ message: expect.stringContaining('the total of this shop is no text') });
    }
  });

  it('never shows the token, not even where the service quotes it', async () => {
    const { client, collector, outcomes, warnings } = await rig({ token: 'test_secret' });
    collector.faults.set(() => status(400, { body: { success: false, error: 'bad token test_secret' } }));
    trackMany(client, 1);
    await client.flush();
    expect(JSON.stringify([outcomes, warnings])).not.toContain('test_secret');
    expect(outcomes[0]).toMatchObject({ message: expect.stringContaining('bad token [token]') });
  });
});

describe('a request that is too large (413)', () => {
  it('is halved when the service names no limit; the next one has the usual size again', async () => {
    const { client, collector } = await rig({ flushAt: 40, concurrency: 1 });
    const batches = recordRows(collector, (_, attempt) => (attempt === 1 ? status(413) : undefined));
    trackMany(client, 80);
    expect(await client.flush()).toMatchObject({ delivered: 80 });
    expect(batches.map((rows) => rows.length)).toEqual([40, 20, 20, 40]);
  });

  it('is cut to a stated number of rows, and so is every later one', async () => {
    const { client, collector } = await rig({ collector: { maxBatchRows: 8 }, flushAt: 32, concurrency: 1 });
    trackMany(client, 32);
    expect(await client.flush()).toMatchObject({ delivered: 32, rejected: 0 });
    const batches = recordRows(collector, () => undefined);
    trackMany(client, 32, 'later ');
    expect(await client.flush()).toMatchObject({ delivered: 64, rejected: 0 });
    expect(batches.map((rows) => rows.length)).toEqual([8, 8, 8, 8]);
  });

  it('is cut to a stated number of bytes, and so is every later one', async () => {
    const { client, collector } = await rig({ collector: { maxBatchBytes: 2_000 }, concurrency: 1 });
    trackMany(client, 50);
    expect(await client.flush()).toMatchObject({ delivered: 50, rejected: 0 });
    const before = collector.requests;
    const batches = recordRows(collector, () => undefined);
    trackMany(client, 50, 'later ');
    expect(await client.flush()).toMatchObject({ delivered: 100, rejected: 0 });
    expect(batches.length, 'no request was refused').toBe(collector.requests - before);
    expect(Math.min(...batches.slice(0, -1).map((rows) => rows.length))).toBeGreaterThan(5);
  });

  it('rejects an event that is too large on its own and delivers the others', async () => {
    const { client, collector, outcomes } = await rig({ collector: { maxBatchBytes: 2_000 } });
    client.track({ event: 'big', userId: 'v', eventProperties: { text: 'x'.repeat(2_000) }, distinctId: 'big' });
    trackMany(client, 30);
    expect(await client.flush()).toEqual({ delivered: 30, rejected: 1, dropped: 0, pending: 0, unknown: 0 });
    expect(arrived(collector)).toHaveLength(30);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      distinctId: 'big',
      code: 'event_too_large',
    });
  });
});

describe('a request the service fails on (500)', () => {
  it('is sent again as it was when the answer names no rows', async () => {
    const { client, collector } = await rig();
    const batches = recordRows(collector, (_, attempt) => (attempt <= 3 ? status(500) : undefined));
    trackMany(client, 5);
    expect(await client.flush()).toEqual({ delivered: 5, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(batches).toHaveLength(4);
    expect(new Set(batches.map((rows) => rows.join())).size).toBe(1);
  });

  it('is sent again without the rows that were taken when the answer names them', async () => {
    const { client, collector } = await rig();
    const batches = recordRows(collector, (_, attempt) =>
      attempt === 1
        ? status(500, {
            body: {
              success: false,
              accepted: 1,
              failed: 2,
              results: [
                { index: 0, success: true },
                { index: 1, success: false, code: 'queue_failed', message: 'full' },
                { index: 2, success: false, code: 'invalid_event', message: 'no' },
              ],
            },
          })
        : undefined,
    );
    trackMany(client, 3);
    expect(await client.flush()).toEqual({ delivered: 2, rejected: 1, dropped: 0, pending: 0, unknown: 0 });
    expect(batches).toHaveLength(2);
    expect(batches[1]).toEqual([batches[0]?.[1]]);
  });

  it('survives answers of 500 that name every row as failed, even with few retries', async () => {
    const { client, requests, pass } = simulate({
      maxRetries: 1,
      random: () => 0,
      endingOf: () => (requests.length <= 3 ? { failedRows: 'all', status: 500 } : 'ok'),
    });
    trackMany(client, 2);
    const flushed = client.flush();
    await pass(10_000);
    expect(await flushed).toEqual({ delivered: 2, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
  });

  it.each([408, 409, 429, 500, 502, 503, 504])('is sent again after %i', async (code) => {
    const { client, collector } = await rig();
    collector.faults.next(status(code));
    trackMany(client, 3);
    expect(await client.flush()).toEqual({ delivered: 3, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(collector.duplicates).toBe(0);
  });
});

describe('what the headers and the body say', () => {
  it('sends again what x-should-retry says may be sent again', async () => {
    const { client, collector } = await rig();
    collector.faults.next(status(400, { headers: { 'x-should-retry': 'true' } }));
    trackMany(client, 2);
    expect(await client.flush()).toEqual({ delivered: 2, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(collector.requests).toBe(2);
  });

  it('gives up at once what x-should-retry says is in vain', async () => {
    const { client, collector, outcomes } = await rig();
    collector.faults.next(status(500, { headers: { 'x-should-retry': 'false' } }));
    trackMany(client, 1);
    expect(await client.flush()).toEqual({ delivered: 0, rejected: 1, dropped: 0, pending: 0, unknown: 0 });
    expect(collector.requests).toBe(1);
    expect(outcomes[0]).toMatchObject({ code: 'http_error' });
  });

  it('takes a 200 for success only when the service itself says so', async () => {
    const { client, collector } = await rig();
    collector.faults.next({ kind: 'badJson' }, status(200, { body: '' }), status(200, { body: { success: false } }));
    trackMany(client, 3);
    expect(await client.flush()).toEqual({ delivered: 3, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(collector.requests).toBe(4);
    expect(arrived(collector)).toHaveLength(3);
  });

  it.each([
    ['retry-after-ms', '300', 300],
    ['retry-after', '1', 1_000],
  ])('waits as long as %s asks for, on any answer that may be tried again', async (name, value, waitMs) => {
    const { client, requests, passUntil } = simulate({
      flushIntervalMs: 0,
      latencyMs: 5,
      random: () => 0,
      endingOf: () => (requests.length === 1 ? { status: 500, headers: { [name]: value } } : 'ok'),
    });
    trackMany(client, 1);
    await passUntil(() => requests.length === 2, 10_000);
    expect(requests[1]!.atMs - requests[0]!.atMs).toBe(5 + waitMs);
  });

  it('keeps every sender away for as long as a 429 asks for', async () => {
    const { client, requests, taken, pass } = simulate({
      flushAt: 10,
      concurrency: 4,
      random: () => 0,
      endingOf: () => (requests.length === 1 ? { status: 429, retryAfterMs: 400 } : 'ok'),
    });
    trackMany(client, 10);
    await pass(30);
    trackMany(client, 50, 'meanwhile ');
    await pass(370);
    expect(requests).toHaveLength(1);
    await pass(20);
    expect(requests.length).toBeGreaterThan(1);
    await pass(1_000);
    expect(taken.size).toBe(60);
  });

  it('is silenced by no server for longer than a minute', async () => {
    const { client, requests, taken, pass } = simulate({
      flushIntervalMs: 0,
      random: () => 0,
      endingOf: () => (requests.length === 1 ? { status: 503, headers: { 'retry-after': '86400' } } : 'ok'),
    });
    trackMany(client, 1);
    await pass(59_000);
    expect(requests).toHaveLength(1);
    await pass(2_000);
    expect(taken.size).toBe(1);
  });
});

describe('a refused token (401)', () => {
  it('stops delivery, drops nothing, warns once and resumes automatically', async () => {
    let isRefused = true;
    const { client, requests, taken, warnings, outcomes, pass } = simulate({
      flushAt: 10,
      random: () => 0,
      endingOf: () => (isRefused ? { status: 401 } : 'ok'),
    });
    trackMany(client, 100);
    await pass(100);
    // Those of the four senders, which were under way together.
    expect(requests).toHaveLength(4);
    expect(warnings).toEqual([expect.stringContaining('OURS_TOKEN')]);

    await pass(29_800);
    expect(requests).toHaveLength(4);
    await pass(200);
    expect(requests, 'one probe').toHaveLength(5);
    expect(requests[4]!.ids).toHaveLength(1);

    isRefused = false;
    await pass(30_000);
    expect(taken.size, 'all but the event of the failed probe').toBe(99);
    await pass(7_000);
    expect(taken.size).toBe(100);
    expect(warnings).toHaveLength(1);
    expect(outcomes.every(({ status }) => status === 'delivered')).toBe(true);
  });
});
