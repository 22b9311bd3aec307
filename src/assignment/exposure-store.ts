/**
 * A store that processes share, so that each session has one exposure for the whole fleet. Created by `createRedisExposures`,
 * `createPostgresExposures`, `createSqliteExposures` and `createMemoryExposures`.
 *
 * Keys are 64 hex digits from SHA-256, of which the first 32 are the same for all keys of a visitor: no visitor's id reaches the
 * store. A call may reject or never return: the client stops waiting after `exposuresTimeoutMs`, and while the store fails, each
 * process remembers its own exposures.
 *
 * A process may fail between claiming and recording. With `remember`, a claim is short (twice `requestTimeoutMs` and 5 s) and is extended
 * to the session once the exposure is recorded. After a failed or unanswered recording, another process records within about a
 * minute: nothing is lost, but an exposure whose answer was lost may be recorded twice. With only `claim`, the claim lasts for the
 * session: after a failed recording, only the process with the claim retries.
 */
export interface Exposures {
  /**
   * Whether the caller is the first to claim the key within `ttlMs` milliseconds. Atomic: exactly one of any number of concurrent
   * callers gets `true`.
   */
  claim(key: string, ttlMs: number): Promise<boolean>;
  /**
   * Stores a value for `ttlMs` milliseconds from now. It replaces the key's value or claim; the key cannot be claimed meanwhile.
   */
  remember?(key: string, value: string, ttlMs: number): Promise<unknown>;
  /**
   * The value of the last `remember`, an empty string for a claim, `undefined` for none. Without this method, a new process does
   * not know visitors' variants in an outage of the service.
   */
  recall?(key: string): Promise<string | undefined>;
  /**
   * Removes every key that begins with `visitor`, or only counts them if it is a dry run. Resolves to how many there were. Without
   * this method, the keys of an erased visitor stay until they expire.
   */
  forget?(visitor: string, dryRun: boolean): Promise<number>;
}
