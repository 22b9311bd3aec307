import { later } from '../../core/timers.js';
import type { Driver } from './driver.js';

/** How long a fresh client is given before it may be replaced in turn: a failover takes longer than a connection does. */
const MIN_AGE_MS = 1_000;
/** How soon the outbox's own client follows the user's when that is closed: left open, it would keep the process alive. */
const FOLLOW_MS = 500;

/** A client, and what is known of the server behind it. */
export class Link {
  readonly driver: Driver;
  readonly openedAt: number = performance.now();
  /**
   * Server time minus this process's monotonic time, or less: never more. `undefined` until the server has answered, and
   * again after each failure, because another server with another clock may answer next.
   */
  clockOffset: number | undefined;

  constructor(driver: Driver) {
    this.driver = driver;
  }

  /** Notes what the server's clock showed at some moment before now; returns the offset. */
  noteTime(serverMs: number): number {
    this.clockOffset = serverMs - performance.now();
    return this.clockOffset;
  }
}

/**
 * Chooses the client that commands go through:
 *
 *   given   the user's client                        → own, when it does not answer or leads to a read-only replica
 *   own     a duplicate that belongs to the outbox   → another own, for the same reasons
 *                                                    → given, when that has reconnected
 *
 * The user's client itself is never disconnected: others may be using it. A client that cannot be duplicated stays in use.
 */
export class Links {
  #given: Link;
  #own: Link | undefined;
  /** Whether the user's client has lost its connection since the outbox left it: ready again, it is connected anew. */
  #givenWasAway = false;
  #cancelFollow = (): void => undefined;

  constructor(given: Driver) {
    this.#given = new Link(given);
  }

  /** Whether the user has closed the client, or never connected it. */
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
    // It reconnects, perhaps to another server.
    if (!link.driver.isReady) link.clockOffset = undefined;
    return link;
  }

  /** Sends the next commands through a fresh client. */
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

  /** Closes the outbox's own client; commands go through the user's again. */
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
