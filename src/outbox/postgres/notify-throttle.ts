import { later } from '../../core/timers.js';

/** The shortest time between two notifications. */
const QUIET_MS = 50;

/**
 * Decides which appends notify the relays of other processes. Transactions that notify commit one at a time across the whole
 * database, so of many appends in a short time only the first notifies, and one later notification covers the rest.
 */
export class NotifyThrottle {
  readonly #notify: () => Promise<unknown>;
  #endQuiet: (() => void) | undefined;
  #isDue = false;

  /** @param notify notifies the relays now; may reject, because they also poll */
  constructor(notify: () => Promise<unknown>) {
    this.#notify = notify;
  }

  /** Whether the current append should notify. */
  notifiesNow(): boolean {
    if (this.#endQuiet === undefined) {
      this.#endQuiet = later(QUIET_MS, () => void this.flush());
      return true;
    }
    this.#isDue = true;
    return false;
  }

  /** Notifies for the appends that did not, if there were any. */
  async flush(): Promise<void> {
    this.#endQuiet?.();
    this.#endQuiet = undefined;
    if (!this.#isDue) return;
    this.#isDue = false;
    this.notifiesNow();
    await this.#notify().catch(() => {});
  }
}
