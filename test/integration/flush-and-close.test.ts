import { describe, expect, it } from 'vitest';
import { isOursError } from '../../src/index.js';
import { arrived, rig, trackMany, until } from '../support/client.js';
import { holdRequestsWith } from '../support/held-requests.js';
import { simulate } from '../support/simulated-service.js';

const HTTP_500 = { kind: 'status', status: 500 } as const;
const EMPTY = { delivered: 0, rejected: 0, dropped: 0, pending: 0, unknown: 0 };

describe('flush is a barrier', () => {
  it('resolves when everything tracked before it has an outcome, and counts', async () => {
    const { client, collector } = await rig({ flushIntervalMs: 3_600_000 });
    trackMany(client, 250);
    expect(await client.flush()).toEqual({ ...EMPTY, delivered: 250 });
    expect(arrived(collector)).toHaveLength(250);
  });

  it('resolves at once when there is nothing', async () => {
    const { client, collector } = await rig();
    expect(await client.flush()).toEqual(EMPTY);
    expect(collector.requests).toBe(0);
  });

  it('covers what is tracked before it when flushes overlap, each its own events', async () => {
    const { client, taken, pass } = simulate({ latencyMs: 15, random: () => 0, endingOf: () => 'ok' });
    const seen: number[] = [];
    const flushes = Array.from({ length: 5 }, (_, round) => {
      const ids = trackMany(client, 30, `round ${round} `);
      return client.flush().then(() => {
        expect(ids.every((id) => taken.has(id))).toBe(true);
        seen.push(round);
      });
    });
    await pass(1_000);
    await Promise.all(flushes);
    expect(seen.sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it('covers events that are in flight and being tried again', async () => {
    const { client, collector } = await rig({ flushAt: 1 });
    collector.faults.next(HTTP_500, HTTP_500, HTTP_500);
    trackMany(client, 1);
    await until(() => collector.requests > 0);
    expect(await client.flush()).toEqual({ ...EMPTY, delivered: 1 });
  });

  it('covers an event that waits behind an identify which is under way', async () => {
    const held = holdRequestsWith('Bern');
    const { client } = await rig({ flushIntervalMs: 3_600_000, fetch: held.fetch });
    client.identify({ userId: 'v', userProperties: { city: 'Bern' } });
    const first = client.flush();
    await until(() => held.count === 1);
    client.track({ event: 'purchase', userId: 'v' });
    const second = client.flush();
    held.release();
    expect(await second).toEqual({ ...EMPTY, delivered: 2 });
    await first;
  });

  it('does not wait for what is tracked after it', async () => {
    const held = holdRequestsWith('before');
    const { client } = await rig({ flushIntervalMs: 3_600_000, fetch: held.fetch });
    trackMany(client, 1, 'before ');
    const flushed = client.flush();
    await until(() => held.count === 1);
    trackMany(client, 1, 'after ');
    held.release();
    expect(await flushed).toEqual({ ...EMPTY, delivered: 1, pending: 1 });
  });

  it('is not ended by later events that are delivered sooner', async () => {
    const held = holdRequestsWith('slow');
    const { client, collector } = await rig({ flushAt: 1, fetch: held.fetch });
    trackMany(client, 1, 'slow ');
    const flushed = client.flush();
    trackMany(client, 3, 'quick ');
    await until(() => arrived(collector).length === 3);
    held.release();
    expect(await flushed).toEqual({ ...EMPTY, delivered: 4 });
    expect(arrived(collector)).toContain('slow 0');
  });

  it('ends after its timeout, and returns how many are pending', async () => {
    const { client, pass } = simulate({ random: () => 0, endingOf: () => 'hang' });
    trackMany(client, 7);
    const flushed = client.flush({ timeoutMs: 30 });
    await pass(30);
    expect(await flushed).toEqual({ ...EMPTY, pending: 7 });
  });

  it('has no time limit if it is given Infinity', async () => {
    const { client, pass } = simulate({ latencyMs: 30, random: () => 0, endingOf: () => 'ok' });
    trackMany(client, 1);
    const flushed = client.flush({ timeoutMs: Number.POSITIVE_INFINITY });
    await pass(30);
    expect(await flushed).toEqual({ ...EMPTY, delivered: 1 });
  });

  it('rejects with the reason of its signal, and delivery goes on', async () => {
    const held = holdRequestsWith('purchase');
    const { client } = await rig({ fetch: held.fetch });
    trackMany(client, 3);
    const abort = new AbortController();
    const flushed = client.flush({ signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(flushed).rejects.toThrow('enough');
    await expect(client.flush({ signal: abort.signal })).rejects.toThrow('enough');
    held.release();
    expect(await client.flush()).toEqual({ ...EMPTY, delivered: 3 });
  });

  it('counts refused and dropped events as well', async () => {
    const { client } = await rig({ beforeSend: (event) => (event.event === 'secret' ? null : event) });
    trackMany(client, 2);
    client.track({ event: 'purchase' } as never);
    client.track({ event: 'secret', userId: 'v' });
    expect(await client.flush()).toEqual({ delivered: 2, rejected: 1, dropped: 1, pending: 0, unknown: 0 });
  });
});

describe('close', () => {
  it('delivers what waits, whatever the interval', async () => {
    const { client, collector } = await rig({ flushIntervalMs: 3_600_000 });
    trackMany(client, 120);
    expect(await client.close()).toEqual({ ...EMPTY, delivered: 120 });
    expect(arrived(collector)).toHaveLength(120);
  });

  it('ends at its deadline and counts what is pending correctly', async () => {
    // Nothing but the deadline ends a request here.
    const { client, taken, outcomes, requests, pass } = simulate({
      flushAt: 10,
      concurrency: 2,
      requestTimeoutMs: 600_000,
      random: () => 0,
      endingOf: () => (requests.length === 1 ? 'ok' : 'hang'),
    });
    trackMany(client, 100);
    await pass(50);
    expect(outcomes).toHaveLength(10);
    const closed = client.close({ timeoutMs: 100 });
    await pass(100);
    expect(await closed).toEqual({ ...EMPTY, delivered: 10, pending: 90 });
    expect(taken.size).toBe(10);
  });

  it('ends at its deadline while the service is down', async () => {
    const { client, pass } = simulate({ random: () => 0, endingOf: () => ({ status: 503 }) });
    trackMany(client, 5);
    const closed = client.close({ timeoutMs: 50 });
    await pass(50);
    expect(await closed).toEqual({ ...EMPTY, pending: 5 });
  });

  it('is shared by all callers', async () => {
    const { client, pass } = simulate({ latencyMs: 30, random: () => 0, endingOf: () => 'ok' });
    trackMany(client, 3);
    const closing = [client.close(), client.close({ timeoutMs: 0 }), client.close()];
    await pass(30);
    const all = await Promise.all(closing);
    expect(all).toEqual(Array.from({ length: 3 }, () => ({ ...EMPTY, delivered: 3 })));
    expect(await client.close()).toEqual({ ...EMPTY, delivered: 3 });
  });

  it('drops later events with an outcome, sends nothing more and never throws', async () => {
    const { client, collector, outcomes } = await rig();
    await client.close();
    const receipt = client.track({ event: 'purchase', userId: 'v' });
    expect(await receipt.settled()).toEqual({ status: 'dropped', reason: 'closed' });
    await expect(receipt.stored()).rejects.toSatisfy((error) => isOursError(error) && error.code === 'not_stored');
    expect(await client.flush()).toEqual({ ...EMPTY, dropped: 1 });
    expect(await client.assign('any', { userId: 'v' })).toMatchObject({ inExperiment: false, reason: 'fallback' });
    expect(outcomes).toHaveLength(1);
    expect(collector.requests).toBe(0);
  });

  it('warns once of events that come after it', async () => {
    const { client, warnings } = await rig();
    await client.close();
    trackMany(client, 3);
    client.identify({ userId: 'v' });
    expect(warnings).toEqual([
      '[ours-ingest] track after close(): this event and later ones are dropped. Close the client last.',
    ]);
  });

  it('warns of fields that it does not read, and closes', async () => {
    const { client, warnings } = await rig();
    await client.flush({ timeout: 5 } as object);
    await client.close({ timeoutMS: 5 } as object);
    expect(warnings).toEqual([
      "[ours-ingest] flush() has an unknown field: 'timeout' (did you mean timeoutMs?).",
      "[ours-ingest] close() has an unknown field: 'timeoutMS' (did you mean timeoutMs?).",
    ]);
  });

  it('rejects waits for a receipt, because the outcome is not known', async () => {
    const { client, pass } = simulate({ random: () => 0, endingOf: () => 'hang' });
    const receipt = client.track({ event: 'purchase', userId: 'v' });
    const stored = receipt.stored();
    const settled = receipt.settled();
    const failures = Promise.all(
      [stored, settled].map((promise) =>
        expect(promise).rejects.toSatisfy((error) => isOursError(error) && error.code === 'closed'),
      ),
    );
    const closed = client.close({ timeoutMs: 20 });
    await pass(20);
    await closed;
    await failures;
    await expect(receipt.settled()).rejects.toThrow('Sending it again with the same distinctId is safe');
  });

  it('ends a flush that is waiting', async () => {
    const { client, pass } = simulate({ random: () => 0, endingOf: () => 'hang' });
    trackMany(client, 2);
    const flushed = client.flush();
    const closed = client.close({ timeoutMs: 20 });
    await pass(20);
    await closed;
    expect(await flushed).toEqual({ ...EMPTY, pending: 2 });
  });

  it('closes by its signal too', async () => {
    const { client, collector } = await rig();
    collector.faults.set(() => ({ kind: 'hang' }));
    trackMany(client, 2);
    const abort = new AbortController();
    const closed = client.close({ signal: abort.signal });
    await until(() => collector.requests === 1);
    abort.abort(new Error('enough'));
    await expect(closed).rejects.toThrow('enough');
    expect(await client.track({ event: 'late', userId: 'v' }).settled()).toEqual({
      status: 'dropped',
      reason: 'closed',
    });
  });

  it('happens at the end of an `await using` block', async () => {
    const { client, collector } = await rig({ flushIntervalMs: 3_600_000 });
    {
      await using ours = client;
      ours.track({ event: 'purchase', userId: 'v' });
    }
    expect(arrived(collector)).toHaveLength(1);
  });
});

describe('a receipt', () => {
  it('settles with the outcome, and is stored once the service has the event', async () => {
    const { client, collector } = await rig();
    const receipt = client.track({ event: 'purchase', userId: 'v', distinctId: 'purchase:1' });
    expect(receipt.distinctId).toBe('purchase:1');
    await receipt.stored();
    expect(arrived(collector)).toEqual(['purchase:1']);
    expect(await receipt.settled()).toEqual({ status: 'delivered' });
  });

  it('can be waited for by many, and with a signal', async () => {
    const { client } = await rig();
    const receipt = client.track({ event: 'purchase', userId: 'v' });
    const abort = AbortSignal.abort(new Error('not now'));
    await expect(receipt.settled({ signal: abort })).rejects.toThrow('not now');
    const all = await Promise.all([receipt.settled(), receipt.settled(), receipt.stored(), receipt.settled()]);
    expect(all).toEqual([{ status: 'delivered' }, { status: 'delivered' }, undefined, { status: 'delivered' }]);
  });

  it('counts an event once, however long its request takes', async () => {
    // Longer than any lease: the queue hands the event out again while the first request is still under way.
    const held = holdRequestsWith('slow');
    const { client, collector, outcomes, time } = await rig({ fetch: held.fetch });
    const receipt = client.track({ event: 'slow', userId: 'v' });
    const flushed = client.flush();
    await until(() => held.count === 1);
    time.skip(3_600_000);
    void client.flush();
    await until(() => held.count === 2);
    held.release();
    await flushed;
    expect(await receipt.settled()).toEqual({ status: 'delivered' });
    await until(() => collector.duplicates === 1);
    // Another journey to the service and back: by then the first request's answer has been read.
    trackMany(client, 3, 'another ');
    expect(await client.flush()).toEqual({ ...EMPTY, delivered: 4 });
    expect(outcomes).toHaveLength(4);
  });
});
