import { later } from '../core/timers.js';
import type { DurableOutbox } from '../outbox/outbox.js';
import type { OutboxHost } from './outbox-host.js';
import { isLoss, type SharedTracker } from './shared-tracker.js';

/** Ids asked for at once. */
const MAX_LOOK_UP = 1_000;

export interface OutboxPollerOptions {
  readonly outbox: DurableOutbox;
  readonly tracker: SharedTracker;
  readonly client: OutboxHost;
}

/**
 * What a client does again and again because it shares its outbox: it sends what earlier processes left, what others append
 * and what dead ones had claimed; and it finds out which of its own events others have settled.
 */
export class OutboxPoller {
  readonly #options: OutboxPollerOptions;
  #cancel: (() => void) | undefined;
  #unwatch: (() => void) | undefined;
  #isStopped = false;
  readonly #asked: string[] = [];
  /** Own events up to this number were found gone in the last round. */
  #goneUpTo = 0;

  constructor(options: OutboxPollerOptions) {
    this.#options = options;
  }

  start(): void {
    const { outbox, tracker, client } = this.#options;
    const { intervalMs, schedule, flushNow } = client;
    this.#unwatch = outbox.watch?.(schedule);
    const round = (): void => {
      flushNow();
      void this.#findGone();
      void this.#lookUp(tracker.watchedIds(MAX_LOOK_UP));
      this.#cancel = later(intervalMs, round);
    };
    // Not within the caller's own tick: a program that is wrong about its outbox hears of that by its own logger.
    this.#cancel = later(0, round);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
    this.#unwatch?.();
  }

  /** Asks the outbox for an event that somebody has begun to wait for: it may have ended long ago. */
  ask(distinctId: string): void {
    this.#asked.push(distinctId);
    if (this.#asked.length === 1) void this.#answer();
  }

  async #answer(): Promise<void> {
    // What is asked for while the outbox thinks is asked for together.
    while (this.#asked.length > 0) {
      const ids = this.#asked.slice(0, MAX_LOOK_UP);
      await this.#lookUp(ids);
      this.#asked.splice(0, ids.length);
    }
  }

  async #lookUp(ids: readonly string[]): Promise<void> {
    const { outbox, tracker } = this.#options;
    if (ids.length === 0 || this.#isStopped) return;
    const { mark } = tracker.progress;
    const found = await this.#attempt(async () => {
      const known = await outbox.lookUp(ids);
      // In this order: if there is no loss now, there was none when the outbox looked.
      return { known, isLoss: isLoss(mark, await outbox.mark()) };
    });
    if (found !== undefined) tracker.resolveWatched(ids, found.known, found.isLoss);
  }

  async #findGone(): Promise<void> {
    const { outbox, tracker, client } = this.#options;
    // Found in the last round: meanwhile this client's own relay has had its say about them.
    tracker.closeMissing(this.#goneUpTo);
    this.#goneUpTo = 0;
    if (client.counts.openCount === 0) return;
    const { progress } = tracker;
    const { order, mark } = progress;
    if (mark === undefined) return;
    const found = await this.#attempt(async () => ({ oldest: await outbox.oldest(), now: await outbox.mark() }));
    if (found === undefined) return;
    const isLost = isLoss(mark, found.now);
    if (isLost) tracker.noteLoss(progress, found.now);
    if (isLost || found.oldest === undefined || found.oldest.position > mark.position) this.#goneUpTo = order;
  }

  /** `undefined` when the outbox fails: the next round asks again, and the relay has warned. */
  async #attempt<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await ask();
    } catch {
      return undefined;
    }
  }
}
