/** More than can fail while a statement is still in transit. Bounds a claim's size in a long outage. */
const MAX_LOST = 100;

interface LostClaim {
  readonly token: string;
  readonly until: number;
}

/**
 * Claims that failed here though the database may have carried them out: the connection broke, or the client timed out. Their
 * entries are leased to a token that this process knows, so the next claims take them back at once. A token is kept for one
 * lease, because a delayed statement may still be carried out.
 */
export class LostClaims {
  #lost: readonly LostClaim[] = [];

  /** Runs `work`, which leases entries to `token` and may also take entries of the lost tokens. */
  async claim<Result>(
    token: string,
    leaseMs: number,
    work: (lostTokens: readonly string[]) => Promise<Result>,
  ): Promise<Result> {
    const now = performance.now();
    this.#lost = this.#lost.filter(({ until }) => until > now);
    try {
      return await work(this.#lost.map((claim) => claim.token));
    } catch (error) {
      this.#lost = [...this.#lost, { token, until: performance.now() + leaseMs }].slice(-MAX_LOST);
      throw error;
    }
  }
}
