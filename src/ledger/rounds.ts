import type { DurableOutbox } from '../outbox/outbox.js';
import { later } from '../timers.js';
import type { SharedLedger } from './shared-ledger.js';
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
    const known = await this.#attempt(() => outbox.lookUp(ids));
    if (known !== undefined) ledger.learn(ids, known);
  }

  async #findGone(): Promise<void> {
    const { outbox, ledger, client } = this.#options;
    // Found in the last round: meanwhile this client's own relay has had its say about them.
    ledger.leftBehind(this.#goneUpTo);
    this.#goneUpTo = 0;
    if (client.books.openCount === 0) return;
    const { order, position } = ledger.progress;
    const oldest = await this.#attempt(async () => ({ entry: await outbox.oldest() }));
    if (oldest === undefined) return;
    if (oldest.entry === undefined || oldest.entry.position > position) this.#goneUpTo = order;
  }

  /** What the outbox cannot tell now it may tell in the next round; the relay has said that it fails. */
  async #attempt<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await ask();
    } catch {
      return undefined;
    }
  }
}
