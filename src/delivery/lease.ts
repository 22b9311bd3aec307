import { longestRequestMs } from '../transport/http-transport.js';
import { MAX_BACKOFF_MS } from './backoff.js';
import { MAX_RETRIES_IN_PLACE, SLOW_MS } from './retrying-transport.js';

/** If a relay dies, another one reclaims its events after this time, or later if requests may take longer. */
const SHORTEST_LEASE_MS = 5 * 60_000;
/** The minimum time for the batches of one claim: enough for many short requests in sequence. */
const SEND_FOR_MS = 100_000;
/** Time to settle a batch: the outbox retries for 10 s, and timers are late. */
const SETTLE_MS = 15_000;

/** Both start before the claim. */
export interface LeaseTimes {
  /** How long the claimed entries belong to this relay. */
  readonly leaseMs: number;
  /** How long batches of the claim may be started, so that they have time for all retries. */
  readonly sendForMs: number;
}

/**
 * A relay must be done with its entries before their lease expires. Otherwise another relay could deliver a newer identify of a
 * person before a retry of an older one.
 */
export function leaseTimes(requestTimeoutMs: number): LeaseTimes {
  const batchMs = longestRequestMs(requestTimeoutMs) + MAX_RETRIES_IN_PLACE * (SLOW_MS + MAX_BACKOFF_MS) + SETTLE_MS;
  const leaseMs = Math.max(SHORTEST_LEASE_MS, SEND_FOR_MS + batchMs);
  return { leaseMs, sendForMs: leaseMs - batchMs };
}
