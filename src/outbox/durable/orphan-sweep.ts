/** Orphans come of an accident, and each sweep costs a statement. */
const SWEEP_EVERY_MS = 60_000;

/**
 * Limits how often a claim looks for orphans: identifies that the store remembers although their entries are gone without having
 * been settled, because a table was emptied or a row deleted by hand. Later events of their person would wait for them forever.
 */
export class OrphanSweep {
  #nextAt = Number.NEGATIVE_INFINITY;

  /** @param remove removes some of them, and returns how many */
  async run(remove: () => Promise<number>): Promise<void> {
    if (performance.now() < this.#nextAt) return;
    this.#nextAt = performance.now() + SWEEP_EVERY_MS;
    // There may be more.
    if ((await remove()) > 0) this.#nextAt = Number.NEGATIVE_INFINITY;
  }
}
