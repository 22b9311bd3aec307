/**
 * A store in which processes tell each other which exposures they record, so that a visitor's session is one exposure for the
 * whole fleet. `createRedisExposures`, `createPostgresExposures`, `createSqliteExposures` and `createMemoryExposures` make one.
 *
 * Keys are SHA-256 in hex: no visitor's id reaches the store. A call may reject or never answer: the client stops waiting
 * after `exposuresTimeoutMs`, and as long as the store fails, each process remembers for itself.
 *
 * Claiming and recording are two steps, and a process may fail between them. A store with `remember` is claimed for a short
 * time (`requestTimeoutMs` and 5 s) and keeps the claim for the session once the exposure is recorded: after a failed or
 * unanswered recording another process records within about a minute. Nothing is lost then, and an exposure whose answer was
 * lost may be recorded twice. With `claim` alone the claim is for the session at once: after a failed recording only the
 * process that has the claim tries again.
 */
export interface Exposures {
  /**
   * Whether the caller is the first to claim the key within `ttlMs` milliseconds. Atomic: of any number of callers at once, one
   * gets `true`.
   */
  claim(key: string, ttlMs: number): Promise<boolean>;
  /**
   * Keeps a value for `ttlMs` milliseconds from now, in place of what the key has, a claim included: the key cannot be claimed
   * meanwhile.
   */
  remember?(key: string, value: string, ttlMs: number): Promise<unknown>;
  /**
   * What the key was last given by `remember`, an empty string for a claim, `undefined` for none. Without it no variant
   * outlives a process in an outage of the service.
   */
  recall?(key: string): Promise<string | undefined>;
}
