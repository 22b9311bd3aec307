/** A dead relay's events are delivered by another relay after this time, unless requests may take longer. */
const SHORTEST_LEASE_MS = 5 * 60_000;
/** However long requests may take, a dead relay's events do not wait longer than this. */
const LONGEST_LEASE_MS = 30 * 60_000;
/** How long the batches of one claim may be started at least: enough for many short requests, one after the other. */
const SEND_FOR_MS = 100_000;
/** Settling a batch takes some time too: the outbox retries for 10 s, and timers are late. */
const SETTLE_MS = 15_000;

export interface LeaseOptions {
  readonly requestTimeoutMs: number;
  readonly maxRetries: number;
  /** The ceiling of the backoff between two attempts. */
  readonly longestBackoffMs: number;
}

/** All times count from the moment before the claim. */
export interface LeaseTimes {
  /** How long the claimed entries belong to this relay alone. */
  readonly leaseMs: number;
  /** How long a batch of the claim may be started: it still has time for all its retries. */
  readonly sendForMs: number;
  /**
   * How long an attempt may be started, a retry included. Past it the entries go back to the outbox instead. This bounds
   * pauses that are longer than the backoff, as Retry-After asks for.
   */
  readonly attemptForMs: number;
}

/**
 * How long to lease entries, so that a relay is done with them before the lease ends. Otherwise another relay could deliver
 * a newer identify of a person before a retry of an older one.
 */
export function leaseTimes({ requestTimeoutMs, maxRetries, longestBackoffMs }: LeaseOptions): LeaseTimes {
  const batchMs = (maxRetries + 1) * requestTimeoutMs + maxRetries * longestBackoffMs + SETTLE_MS;
  const leaseMs = Math.min(LONGEST_LEASE_MS, Math.max(SHORTEST_LEASE_MS, SEND_FOR_MS + batchMs));
  return {
    leaseMs,
    sendForMs: Math.max(SEND_FOR_MS, leaseMs - batchMs),
    attemptForMs: leaseMs - requestTimeoutMs - SETTLE_MS,
  };
}
