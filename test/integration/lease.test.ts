import { expect, it } from 'vitest';
import { leaseTimes } from '../../src/delivery/lease.js';

// Three quick failures of up to a second, each with a pause of up to eight seconds after it.
const RETRIES_MS = 3 * 9_000;

it('the default request timeout leases for five minutes', () => {
  const { leaseMs, sendForMs } = leaseTimes(10_000);
  expect(leaseMs).toBe(300_000);
  expect(sendForMs).toBeGreaterThanOrEqual(100_000);
});

it('a batch that is started in time ends with all its retries before the lease, whatever a request may take', () => {
  for (const requestTimeoutMs of [1, 10_000, 60_000, 600_000]) {
    const { leaseMs, sendForMs } = leaseTimes(requestTimeoutMs);
    expect(sendForMs).toBeGreaterThanOrEqual(100_000);
    expect(sendForMs + RETRIES_MS + 2 * requestTimeoutMs + 10_000).toBeLessThan(leaseMs);
  }
});
