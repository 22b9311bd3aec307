/** More than fail while a statement can still be on its way. The limit bounds a claim's size in a long outage. */
const MAX_LOST = 100;

interface LostClaim {
  readonly token: string;
  readonly until: number;
}

/**
 * Claims that failed here and may have been carried out by the database all the same: the connection broke, or the client gave
 * up. Their entries are leased to a token that this process knows, so the next claims take them back at once. A token is
 * kept for a lease, because a statement that was stuck on its way may be carried out late.
 */
export class LostClaims {
  #lost: readonly LostClaim[] = [];

  /** Does `work`, which leases entries to `token`, with the tokens whose entries it may take as well. */
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
