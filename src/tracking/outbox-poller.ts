import { later } from '../core/timers.js';
import type { OutboxHost } from './outbox-host.js';
import type { PolledOutbox } from './polled-outbox.js';
import { isLoss, type SharedTracker } from './shared-tracker.js';

/** Ids in one look-up. */
const MAX_LOOK_UP = 1_000;

export interface OutboxPollerOptions {
  readonly outbox: PolledOutbox;
  readonly tracker: SharedTracker;
  readonly client: OutboxHost;
}

/**
 * Polls a shared outbox. Each round sends what earlier processes left, what others appended and what dead processes had claimed,
 * and finds which of the client's own events other processes have settled.
 */
export class OutboxPoller {
  readonly #options: OutboxPollerOptions;
  #cancel: (() => void) | undefined;
  #unwatch: (() => void) | undefined;
  #isStopped = false;
  readonly #asked: string[] = [];
  /** The last round found the client's own events up to this sequence number gone. */
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
    // Not in the caller's tick: a misconfigured outbox then warns through the logger instead of from createClient.
    this.#cancel = later(0, round);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
    this.#unwatch?.();
  }

  /** Looks up an event that a caller has started to wait for: it may have been settled long ago. */
  ask(distinctId: string): void {
    this.#asked.push(distinctId);
    if (this.#asked.length === 1) void this.#answer();
  }

  async #answer(): Promise<void> {
    // Ids that arrive during a look-up share the next one.
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
      // The order matters: no loss now means no loss during the look-up.
      return { known, isLoss: isLoss(mark, await outbox.mark()) };
    });
    if (found !== undefined) tracker.resolveWatched(ids, found.known, found.isLoss);
  }

  async #findGone(): Promise<void> {
    const { outbox, tracker, client } = this.#options;
    // One round later, this client's own relay has usually settled what it had claimed.
    tracker.closeMissing(this.#goneUpTo);
    this.#goneUpTo = 0;
    if (client.counts.openCount === 0) return;
    const { progress } = tracker;
    const { sequence, mark } = progress;
    if (mark === undefined) return;
    const found = await this.#attempt(async () => ({ oldest: await outbox.oldest(), now: await outbox.mark() }));
    if (found === undefined) return;
    const isLost = isLoss(mark, found.now);
    if (isLost) tracker.noteLoss(progress, found.now);
    if (isLost || found.oldest === undefined || found.oldest.position > mark.position) this.#goneUpTo = sequence;
  }

  /** `undefined` if the outbox fails: the next round tries again, and the relay has warned. */
  async #attempt<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await ask();
    } catch {
      return undefined;
    }
  }
}
