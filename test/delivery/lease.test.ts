import fc from 'fast-check';
import { expect, it } from 'vitest';
import { leaseTimes } from '../../src/delivery/lease.js';

const LONGEST_BACKOFF_MS = 8_000;
const LONGEST_RETRY_AFTER_MS = 60_000;

const options = fc.record({
  requestTimeoutMs: fc.integer({ min: 1, max: 600_000 }),
  maxRetries: fc.integer({ min: 0, max: 1_000 }),
  longestBackoffMs: fc.constant(LONGEST_BACKOFF_MS),
});

it('the default options lease for about five minutes, and start batches for 100 seconds', () => {
  const { leaseMs, sendForMs } = leaseTimes({
    requestTimeoutMs: 10_000,
    maxRetries: 10,
    longestBackoffMs: LONGEST_BACKOFF_MS,
  });
  expect(leaseMs).toBeGreaterThanOrEqual(300_000);
  expect(leaseMs).toBeLessThanOrEqual(310_000);
  expect(sendForMs).toBe(100_000);
});

it('a request timeout of a minute makes the lease longer than ten minutes of retries', () => {
  const { leaseMs, sendForMs } = leaseTimes({
    requestTimeoutMs: 60_000,
    maxRetries: 10,
    longestBackoffMs: LONGEST_BACKOFF_MS,
  });
  expect(leaseMs - sendForMs).toBeGreaterThan(11 * 60_000 + 10 * LONGEST_BACKOFF_MS);
});

it('a dead relay never holds entries for longer than half an hour', () => {
  fc.assert(fc.property(options, (one) => leaseTimes(one).leaseMs <= 30 * 60_000));
});

it('a batch that is started in time has time for all its retries, where half an hour is enough for them', () => {
  fc.assert(
    fc.property(options, (one) => {
      const { leaseMs, sendForMs } = leaseTimes(one);
      const batchMs = (one.maxRetries + 1) * one.requestTimeoutMs + one.maxRetries * LONGEST_BACKOFF_MS;
      fc.pre(batchMs < 25 * 60_000);
      expect(sendForMs + batchMs).toBeLessThan(leaseMs);
    }),
  );
});

it('whatever pauses the service asks for, the last attempt ends before the lease', () => {
  const pauses = fc.infiniteStream(fc.integer({ min: 0, max: LONGEST_RETRY_AFTER_MS }));
  fc.assert(
    fc.property(options, pauses, (one, pausesMs) => {
      const { leaseMs, sendForMs, attemptForMs } = leaseTimes(one);
      let startedAt = Math.min(sendForMs, attemptForMs);
      let endsAt = startedAt;
      for (const pauseMs of pausesMs) {
        if (startedAt > attemptForMs) break;
        endsAt = startedAt + one.requestTimeoutMs;
        startedAt = endsAt + pauseMs;
      }
      expect(endsAt).toBeLessThan(leaseMs);
    }),
  );
});
