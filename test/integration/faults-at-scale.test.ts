import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/collector/index.js';
import { rig, seeded } from '../support/client.js';

const EVENTS = 50_000;
const FAULTS: readonly Fault[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 502 },
  { kind: 'status', status: 408 },
  { kind: 'status', status: 503, headers: { 'retry-after-ms': '20' } },
  { kind: 'status', status: 429, headers: { 'retry-after-ms': '20' } },
  { kind: 'status', status: 413 },
  { kind: 'status', status: 400, headers: { 'x-should-retry': 'true' } },
  { kind: 'delay', ms: 20 },
  { kind: 'hang' },
  { kind: 'reset' },
  { kind: 'resetAfter' },
  { kind: 'truncated' },
  { kind: 'stallBody' },
  { kind: 'badJson' },
  { kind: 'rows', code: 'queue_failed', share: 0.3 },
  { kind: 'rows', code: 'queue_failed', share: 1 },
];

describe('a service of which one request in five fails, in every way there is', () => {
  it(`accepts each of ${EVENTS.toLocaleString('en')} events exactly once, and the outcomes add up`, async () => {
    const random = seeded(20_261_123);
    const accepted = new Map<string, number>();
    let duplicates = 0;
    let requests = 0;
    let faults = 0;
    const { client, collector, warnings } = await rig({
      collector: {
        random,
        maxBatchRows: 500,
        observe: ({ kind, ...arrival }) => {
          if (kind === 'duplicate') duplicates += 1;
          if (kind !== 'accepted' || !('event' in arrival)) return;
          const { distinctId = '' } = arrival.event;
          accepted.set(distinctId, (accepted.get(distinctId) ?? 0) + 1);
        },
      },
      flushAt: 100,
      maxQueueSize: EVENTS,
      requestTimeoutMs: 500,
      onOutcome: ({ status }) => {
        outcomes[status] += 1;
      },
      // Backoffs of a hundredth of the usual length.
      platform: { random: () => seededBackoff() / 100 },
    });
    const outcomes = { delivered: 0, rejected: 0, dropped: 0, unknown: 0 };
    const seededBackoff = seeded(7);
    collector.faults.set(({ rows }) => {
      requests += 1;
      if (random() >= 0.2) return undefined;
      const fault = FAULTS[Math.floor(random() * FAULTS.length)];
      // A service that takes events one by one does not call one of them too large: that would be a refusal for good.
      if (fault?.kind === 'status' && fault.status === 413 && rows?.length === 1) return undefined;
      faults += 1;
      return fault;
    });

    const started = performance.now();
    for (let i = 0; i < EVENTS; i++) {
      client.track({
        event: 'purchase',
        userId: `visitor ${i % 1_000}`,
        sessionId: 'sid_1700000000000',
        distinctId: `purchase:${i}`,
        eventProperties: { order_id: i, value: 49.9, currency: 'USD' },
      });
      // As a server does: requests come and go in between.
      if (i % 1_000 === 999) await new Promise(setImmediate);
    }
    const totals = await client.flush();
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    console.log(
      `fault test: ${EVENTS} events in ${seconds} s; ${requests} requests, ${faults} of them with a fault; ` +
        `${accepted.size} accepted, ${duplicates} repeats recognised; outcomes ${JSON.stringify(outcomes)}; ` +
        `totals ${JSON.stringify(totals)}; ${collector.sockets} sockets; ${warnings.length} warnings`,
    );
    expect(totals).toEqual({ delivered: EVENTS, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(outcomes).toEqual({ delivered: EVENTS, rejected: 0, dropped: 0, unknown: 0 });
    expect(accepted.size).toBe(EVENTS);
    expect([...accepted.values()].every((times) => times === 1)).toBe(true);
    expect(collector.events()).toHaveLength(EVENTS);
    expect(faults, 'the test tested something').toBeGreaterThan(20);
    expect(duplicates, 'answers were lost').toBeGreaterThan(0);
  }, 600_000);
});
