import { later } from '../../core/timers.js';
import type { Driver } from './driver.js';

/** How long a new client is kept before it may be replaced: a failover takes longer than connecting. */
const MIN_AGE_MS = 1_000;
/** How soon the outbox closes its own client after the caller's is closed: an open one would keep the process alive. */
const FOLLOW_MS = 500;

/** A client, and the clock of the server behind it. */
export class Link {
  readonly driver: Driver;
  readonly openedAt: number = performance.now();
  /**
   * Server time minus this process's monotonic time, or less, but never more. `undefined` until the server has replied, and
   * after each failure, because another server with another clock may reply next.
   */
  clockOffset: number | undefined;

  constructor(driver: Driver) {
    this.driver = driver;
  }

  /** Records a time that the server's clock showed before now; returns the offset. */
  noteTime(serverMs: number): number {
    this.clockOffset = serverMs - performance.now();
    return this.clockOffset;
  }
}

/**
 * Chooses the client that commands go through:
 *
 *   given   the caller's client                  → own, if it does not respond or is connected to a read-only replica
 *   own     a duplicate that the outbox owns     → another own, for the same reasons
 *                                                → given, once that has reconnected
 *
 * The caller's client is never disconnected: others may be using it. A client that cannot be duplicated stays in use.
 */
export class Links {
  #given: Link;
  #own: Link | undefined;
  /** Whether the caller's client has lost its connection since the outbox switched: when ready again, it has reconnected. */
  #givenWasAway = false;
  #cancelFollow = (): void => undefined;

  constructor(given: Driver) {
    this.#given = new Link(given);
  }

  /** Whether the caller has closed the client, or never connected it. */
  get isEnded(): boolean {
    return this.#given.driver.isEnded;
  }

  current(): Link {
    const { driver } = this.#given;
    if (this.#own !== undefined) {
      this.#givenWasAway ||= !driver.isReady;
      if (this.#givenWasAway && driver.isReady) this.close();
    }
    const link = this.#own ?? this.#given;
    // It may reconnect to another server.
    if (!link.driver.isReady) link.clockOffset = undefined;
    return link;
  }

  /** Sends the next commands through a new client. */
  replace(link: Link): void {
    const isOwn = link === this.#own;
    if (link !== (this.#own ?? this.#given) || this.isEnded) return;
    if (isOwn && performance.now() - link.openedAt < MIN_AGE_MS) return;
    const fresh = this.#given.driver.duplicate();
    if (fresh === undefined) return;
    if (isOwn) link.driver.dispose();
    else this.#givenWasAway = !link.driver.isReady;
    this.#own = new Link(fresh);
    this.#follow();
  }

  /** Closes the outbox's own client; commands go through the caller's again. */
  close(): void {
    this.#cancelFollow();
    this.#own?.driver.dispose();
    this.#own = undefined;
    this.#given = new Link(this.#given.driver);
  }

  #follow(): void {
    this.#cancelFollow();
    this.#cancelFollow = later(FOLLOW_MS, () => {
      if (this.isEnded) this.close();
      else this.#follow();
    });
  }
}

/** Rejects with `complaint` if the answer takes longer than `timeoutMs`. */
export function withTimeout<Result>(answer: Promise<Result>, timeoutMs: number, complaint: string): Promise<Result> {
  return new Promise((resolve, reject) => {
    const cancel = later(timeoutMs, () => reject(new Error(complaint)));
    answer.then(resolve, reject).finally(cancel);
  });
}
