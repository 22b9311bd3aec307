import { later } from '../../core/timers.js';

/** How long it keeps quiet after it has rung. */
const QUIET_MS = 50;

/**
 * Decides which appends wake the relays elsewhere. Transactions that notify commit one after the other, across the whole
 * database, so of many appends in a short time only the first does; one ring afterwards stands for the others.
 */
export class NotifyThrottle {
  readonly #ring: () => Promise<unknown>;
  #endQuiet: (() => void) | undefined;
  #isDue = false;

  /** @param ring wakes the relays now; may reject, for they also look by themselves */
  constructor(ring: () => Promise<unknown>) {
    this.#ring = ring;
  }

  /** Whether the append that is made now is to wake them itself. */
  wakes(): boolean {
    if (this.#endQuiet === undefined) {
      this.#endQuiet = later(QUIET_MS, () => void this.settle());
      return true;
    }
    this.#isDue = true;
    return false;
  }

  /** Rings for the appends that did not, if there were any. */
  async settle(): Promise<void> {
    this.#endQuiet?.();
    this.#endQuiet = undefined;
    if (!this.#isDue) return;
    this.#isDue = false;
    this.wakes();
    await this.#ring().catch(() => {});
  }
}
