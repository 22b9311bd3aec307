import { MAX_BACKOFF_MS } from './backoff.js';
import { MAX_RETRIES_IN_PLACE, SLOW_MS } from './retrying-transport.js';

/** Another relay delivers a dead relay's events after this time, unless requests may take longer. */
const SHORTEST_LEASE_MS = 5 * 60_000;
/** How long the batches of one claim may be started at least: enough for many short requests, one after the other. */
const SEND_FOR_MS = 100_000;
/** Settling a batch takes some time too: the outbox retries for 10 s, and timers are late. */
const SETTLE_MS = 15_000;

/** Both count from the moment before the claim. */
export interface LeaseTimes {
  /** How long the claimed entries belong to this relay alone. */
  readonly leaseMs: number;
  /** How long a batch of the claim may be started: it still has time for all its retries. */
  readonly sendForMs: number;
}

/**
 * How long to lease entries, so that a relay is done with them before the lease ends. Otherwise another relay could deliver
 * a newer identify of a person before a retry of an older one.
 */
export function leaseTimes(requestTimeoutMs: number): LeaseTimes {
  const batchMs = requestTimeoutMs + MAX_RETRIES_IN_PLACE * (SLOW_MS + MAX_BACKOFF_MS) + SETTLE_MS;
  const leaseMs = Math.max(SHORTEST_LEASE_MS, SEND_FOR_MS + batchMs);
  return { leaseMs, sendForMs: leaseMs - batchMs };
}
