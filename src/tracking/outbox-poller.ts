import { later } from '../core/timers.js';
import type { DurableOutbox } from '../outbox/outbox.js';
import { isLoss, type SharedLedger } from './shared-tracker.js';
import type { SharingClient } from './sharing-client.js';

/** Ids asked for at once. */
const MAX_LOOK_UP = 1_000;

export interface RoundsOptions {
  readonly outbox: DurableOutbox;
  readonly ledger: SharedLedger;
  readonly client: SharingClient;
}

/**
 * What a client does again and again because it shares its outbox: it sends what earlier processes left, what others append
 * and what dead ones had claimed; and it finds out which of its own events others have settled.
 */
export class Rounds {
  readonly #options: RoundsOptions;
  #cancel: (() => void) | undefined;
  #unwatch: (() => void) | undefined;
  #isStopped = false;
  readonly #asked: string[] = [];
  /** Own events up to this number were found gone in the last round. */
  #goneUpTo = 0;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  start(): void {
    const { outbox, ledger, client } = this.#options;
    const { intervalMs, wake, hurry } = client;
    this.#unwatch = outbox.watch?.(wake);
    const round = (): void => {
      hurry();
      void this.#findGone();
      void this.#lookUp(ledger.watchedIds(MAX_LOOK_UP));
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
    const { outbox, ledger } = this.#options;
    if (ids.length === 0 || this.#isStopped) return;
    const { mark } = ledger.progress;
    const found = await this.#attempt(async () => {
      const known = await outbox.lookUp(ids);
      // In this order: if there is no loss now, there was none when the outbox looked.
      return { known, isLoss: isLoss(mark, await outbox.mark()) };
    });
    if (found !== undefined) ledger.learn(ids, found.known, found.isLoss);
  }

  async #findGone(): Promise<void> {
    const { outbox, ledger, client } = this.#options;
    // Found in the last round: meanwhile this client's own relay has had its say about them.
    ledger.leftBehind(this.#goneUpTo);
    this.#goneUpTo = 0;
    if (client.books.openCount === 0) return;
    const { progress } = ledger;
    const { order, mark } = progress;
    if (mark === undefined) return;
    const found = await this.#attempt(async () => ({ oldest: await outbox.oldest(), now: await outbox.mark() }));
    if (found === undefined) return;
    const isLost = isLoss(mark, found.now);
    if (isLost) ledger.noteLoss(progress, found.now);
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
