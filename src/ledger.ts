import { OursError } from './errors.js';
import type { Outcome } from './outcome.js';

/** What a wait may be given. */
export interface WaitOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What a caller gets for an event. No promise exists until one is asked for. */
export interface Receipt {
  /** The idempotency key, given or made up. */
  readonly distinctId: string;
  /**
   * Resolves once losing the process no longer loses the event: a durable outbox has committed it, or the service has it.
   * @throws {OursError} `not_stored` when it was refused or dropped, `closed` when the client was closed first, or the
   * signal's reason.
   */
  stored(options?: WaitOptions): Promise<void>;
  /**
   * Resolves to how the event ended.
   * @throws {OursError} `closed` when this client will not learn it: it was closed first, or it has no relay. Or the
   * signal's reason.
   */
  settled(options?: WaitOptions): Promise<Outcome>;
}

/** How many events ended how, since the client was created. `pending` ones have no outcome yet. */
export interface Totals {
  readonly delivered: number;
  readonly pending: number;
  readonly rejected: number;
  readonly dropped: number;
}

/** A receipt and what it waits for. */
class OpenReceipt implements Receipt {
  readonly distinctId: string;
  readonly order: number;
  #outcome: Outcome | undefined;
  #isStored = false;
  #closed: OursError | undefined;
  #waiters: (() => void)[] | undefined;

  constructor(distinctId: string, order: number) {
    this.distinctId = distinctId;
    this.order = order;
  }

  async stored(options?: WaitOptions): Promise<void> {
    await this.#until(() => this.#isStored || this.#outcome !== undefined, options?.signal);
    if (this.#isStored || this.#outcome?.status === 'delivered') return;
    throw new OursError('not_stored', `event ${this.distinctId} was not stored: ${describe(this.#outcome!)}`);
  }

  async settled(options?: WaitOptions): Promise<Outcome> {
    await this.#until(() => this.#outcome !== undefined, options?.signal);
    return this.#outcome!;
  }

  markStored(): void {
    this.#isStored = true;
    this.#wake();
  }

  settle(outcome: Outcome): void {
    this.#outcome = outcome;
    this.#wake();
  }

  /** Nobody here will learn how it ended. */
  close(why: string): void {
    this.#closed = new OursError('closed', `the outcome of event ${this.distinctId} is not known here: ${why}`);
    this.#wake();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = undefined;
    for (const wake of waiters ?? []) wake();
  }

  async #until(reached: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    while (!reached()) {
      if (this.#closed !== undefined) throw this.#closed;
      await waitFor((wake) => {
        this.#waiters ??= [];
        this.#waiters.push(wake);
      }, signal);
    }
  }
}

/** Resolves when `subscribe`'s callback is called; rejects with the signal's reason if that comes first. */
function waitFor(subscribe: (wake: () => void) => void, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal?.reason);
    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort, { once: true });
    subscribe(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
  });
}

function describe(outcome: Outcome): string {
  if (outcome.status === 'rejected') return `${outcome.code}: ${outcome.message}`;
  return outcome.status === 'dropped' ? `dropped, ${outcome.reason}` : outcome.status;
}

/** The books of a client: which events are open, how the others ended, who waits for what. */
export class Ledger {
  readonly #open = new Map<string, OpenReceipt>();
  readonly #counts = { delivered: 0, rejected: 0, dropped: 0 };
  #barriers: { readonly upTo: number; readonly wake: () => void }[] = [];
  #order = 0;
  #handedOver = 0;
  #isClosed = false;

  /** Events without an outcome whose receipts are held here. */
  get openCount(): number {
    return this.#open.size;
  }

  get totals(): Totals {
    return { ...this.#counts, pending: this.#open.size + this.#handedOver };
  }

  /** The receipt of an open event with this id. */
  find(distinctId: string): Receipt | undefined {
    return this.#open.get(distinctId);
  }

  open(distinctId: string): Receipt {
    this.#order += 1;
    const receipt = new OpenReceipt(distinctId, this.#order);
    this.#open.set(distinctId, receipt);
    return receipt;
  }

  /** A receipt for an event that ended at the call. */
  openSettled(distinctId: string, outcome: Outcome): Receipt {
    this.#counts[outcome.status] += 1;
    const receipt = new OpenReceipt(distinctId, 0);
    receipt.settle(outcome);
    return receipt;
  }

  markStored(distinctId: string): void {
    this.#open.get(distinctId)?.markStored();
  }

  /** The event is stored and some other process delivers it: it stays pending here for good. */
  handOver(distinctId: string): void {
    const receipt = this.#open.get(distinctId);
    if (receipt === undefined) return;
    this.#open.delete(distinctId);
    this.#handedOver += 1;
    receipt.markStored();
    receipt.close('this client only stores events (relay: false); the relay that delivers them knows it.');
    this.#passBarriers();
  }

  settle(distinctId: string, outcome: Outcome): void {
    const receipt = this.#open.get(distinctId);
    // An entry of an earlier process, or of one that shares the outbox: nobody here holds its receipt.
    if (receipt === undefined) return;
    this.#open.delete(distinctId);
    this.#counts[outcome.status] += 1;
    receipt.settle(outcome);
    this.#passBarriers();
  }

  /** Resolves when every event opened before this call has an outcome. */
  async barrier(signal?: AbortSignal): Promise<void> {
    const upTo = this.#order;
    if (this.#isClosed || this.#oldest() > upTo) return;
    await waitFor((wake) => this.#barriers.push({ upTo, wake }), signal);
  }

  /** Tells whoever waits that nothing more will come. The open events stay counted as pending. */
  close(): void {
    this.#isClosed = true;
    for (const receipt of this.#open.values()) {
      receipt.close('the client was closed first. Send it again with the same distinctId: it counts once.');
    }
    for (const barrier of this.#barriers.splice(0)) barrier.wake();
  }

  #oldest(): number {
    // A Map keeps its order: the first open receipt is the oldest.
    for (const receipt of this.#open.values()) return receipt.order;
    return Number.POSITIVE_INFINITY;
  }

  #passBarriers(): void {
    if (this.#barriers.length === 0) return;
    const oldest = this.#oldest();
    const passed = this.#barriers.filter((barrier) => barrier.upTo < oldest);
    if (passed.length === 0) return;
    this.#barriers = this.#barriers.filter((barrier) => barrier.upTo >= oldest);
    for (const barrier of passed) barrier.wake();
  }
}
