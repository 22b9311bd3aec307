import { OursError } from './errors.js';
import type { Outcome } from './outcome.js';
import type { Entry } from './protocol/event.js';

/** What a wait may be given. */
export interface WaitOptions {
  /** The most to wait, in milliseconds. @default as long as it takes */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a caller gets for an event. No promise exists until one is asked for. */
export interface Receipt {
  /** The idempotency key, given or made up. */
  readonly distinctId: string;
  /**
   * Resolves once losing the process no longer loses the event: a durable outbox has committed it, or the service has it.
   * Waiting hurries delivery: no batch is waited for.
   * @throws {OursError} `not_stored` when it was refused or dropped, with the outcome as its `cause`; `closed` when the
   * client was closed first. Or the signal's reason, a `TimeoutError` after `timeoutMs`.
   */
  stored(options?: WaitOptions): Promise<void>;
  /**
   * Resolves to how the event ended. Waiting hurries delivery.
   * @throws {OursError} `closed` when this client will not learn it: it was closed first, or it has no relay. Or the
   * signal's reason, a `TimeoutError` after `timeoutMs`.
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

/**
 * open ──durable outbox──▶ stored ──▶ an outcome
 * open ──close──▶ left            stored ──close, or no relay here──▶ handed over
 */
type ReceiptState = 'stored' | 'handed over' | 'left' | Outcome;

/**
 * A receipt and what it waits for. One is made for every event, so it is kept plain: no promise, no list, no private method
 * (each would cost every object a brand).
 */
class OpenReceipt implements Receipt {
  readonly distinctId: string;
  readonly order: number;
  private readonly ledger: Ledger;
  private state: ReceiptState | undefined = undefined;
  private waiters: (() => void)[] | undefined = undefined;

  constructor(distinctId: string, order: number, ledger: Ledger) {
    this.distinctId = distinctId;
    this.order = order;
    this.ledger = ledger;
  }

  async stored(options: WaitOptions = {}): Promise<void> {
    const signal = toSignal(options);
    while (this.state === undefined) await this.news(signal);
    const { state } = this;
    if (state === 'left') throw this.unknown('the client was closed before that');
    if (state === 'stored' || state === 'handed over' || state.status === 'delivered') return;
    throw new OursError('not_stored', `event ${this.distinctId} was not stored: ${describe(state)}`, { cause: state });
  }

  async settled(options: WaitOptions = {}): Promise<Outcome> {
    const signal = toSignal(options);
    while (this.state === undefined || this.state === 'stored') await this.news(signal);
    if (this.state === 'left') throw this.unknown('the client was closed before that');
    if (this.state === 'handed over') throw this.unknown('it is stored, and the relay that delivers it will know');
    return this.state;
  }

  get isSettled(): boolean {
    return typeof this.state === 'object';
  }

  enter(state: ReceiptState): void {
    this.state = state;
    if (this.waiters === undefined) return;
    const { waiters } = this;
    this.waiters = undefined;
    for (const wake of waiters) wake();
  }

  /** Nothing more will be heard of it in this client. */
  leave(): void {
    this.enter(this.state === 'stored' ? 'handed over' : 'left');
  }

  private news(signal: AbortSignal | undefined): Promise<void> {
    if (this.ledger.isClosed) {
      this.leave();
      return Promise.resolve();
    }
    this.ledger.watch(this);
    return waitFor((wake) => {
      this.waiters ??= [];
      this.waiters.push(wake);
    }, signal);
  }

  private unknown(why: string): OursError {
    const advice = 'Sending it again with the same distinctId is safe: it counts once.';
    return new OursError('closed', `the outcome of event ${this.distinctId} is not known here: ${why}. ${advice}`);
  }
}

function toSignal({ signal, timeoutMs }: WaitOptions): AbortSignal | undefined {
  if (timeoutMs === undefined) return signal;
  const timeout = AbortSignal.timeout(timeoutMs);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
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

export interface LedgerOptions {
  /** Whether the outbox hands out copies of the entries it was given, as every durable one does. */
  readonly entriesComeBackAsCopies: boolean;
  /** Somebody has begun to wait for an event. */
  readonly onWait: () => void;
}

/** The books of a client: how many events are open, how the others ended, who waits for what. */
export class Ledger {
  readonly #counts = { delivered: 0, rejected: 0, dropped: 0 };
  /**
   * An entry of the memory outbox comes back itself, with its receipt on it. One that was stored elsewhere comes back as a
   * copy and is found by its id; the same id may have been tracked more than once.
   */
  readonly #copies: Map<string, OpenReceipt[]> | undefined;
  readonly #watched = new Set<OpenReceipt>();
  #barriers: Barrier[] = [];
  #order = 0;
  #open = 0;
  #handedOver = 0;
  #isClosed = false;

  readonly #onWait: () => void;

  constructor(options: LedgerOptions) {
    this.#copies = options.entriesComeBackAsCopies ? new Map() : undefined;
    this.#onWait = options.onWait;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Events whose outcome this client is waiting for. */
  get openCount(): number {
    return this.#open;
  }

  get totals(): Totals {
    return { ...this.#counts, pending: this.#open + this.#handedOver };
  }

  open(entry: Entry): Receipt {
    this.#order += 1;
    this.#open += 1;
    const receipt = new OpenReceipt(entry.distinctId, this.#order, this);
    entry.owner = receipt;
    if (this.#copies !== undefined) {
      const namesakes = this.#copies.get(entry.distinctId);
      if (namesakes === undefined) this.#copies.set(entry.distinctId, [receipt]);
      else namesakes.push(receipt);
    }
    return receipt;
  }

  /** A receipt for an event that ended at the call. */
  openSettled(distinctId: string, outcome: Outcome): Receipt {
    this.#counts[outcome.status] += 1;
    const receipt = new OpenReceipt(distinctId, 0, this);
    receipt.enter(outcome);
    return receipt;
  }

  markStored(entry: Entry): void {
    for (const receipt of this.#receiptsOf(entry)) receipt.enter('stored');
  }

  /** The event is stored and some other process delivers it: it stays pending here for good. */
  handOver(entry: Entry): void {
    this.markStored(entry);
    for (const receipt of this.#forget(entry)) {
      this.#handedOver += 1;
      receipt.leave();
      this.#close(receipt);
    }
  }

  /** Ends an event; `false` when it was not open here: settled before, or tracked by another process. */
  settle(entry: Entry, outcome: Outcome): boolean {
    const receipts = this.#forget(entry);
    for (const receipt of receipts) {
      this.#counts[outcome.status] += 1;
      receipt.enter(outcome);
      this.#close(receipt);
    }
    return receipts.length > 0;
  }

  /** Resolves when every event opened before this call has an outcome. */
  async barrier(signal?: AbortSignal): Promise<void> {
    if (this.#isClosed || this.#open === 0) return;
    const upTo = this.#order;
    const missing = this.#open;
    await waitFor((wake) => this.#barriers.push({ upTo, missing, wake }), signal);
  }

  /** Somebody waits for this receipt: delivery should not wait for a fuller batch, and a close must be told. */
  watch(receipt: OpenReceipt): void {
    this.#watched.add(receipt);
    this.#onWait();
  }

  /** Tells whoever waits that nothing more will come. The open events stay counted as pending. */
  close(): void {
    this.#isClosed = true;
    for (const receipt of this.#watched) if (!receipt.isSettled) receipt.leave();
    this.#watched.clear();
    for (const barrier of this.#barriers.splice(0)) barrier.wake();
  }

  /** None for an entry of an earlier process, or of another one that shares the outbox. */
  #receiptsOf(entry: Entry): readonly OpenReceipt[] {
    if (this.#copies !== undefined) return this.#copies.get(entry.distinctId) ?? [];
    return entry.owner instanceof OpenReceipt ? [entry.owner] : [];
  }

  #forget(entry: Entry): readonly OpenReceipt[] {
    const receipts = this.#receiptsOf(entry);
    this.#copies?.delete(entry.distinctId);
    // An entry whose lease ended too soon comes back twice, and counts once.
    entry.owner = undefined;
    return receipts;
  }

  #close(receipt: OpenReceipt): void {
    this.#open -= 1;
    if (this.#watched.size > 0) this.#watched.delete(receipt);
    if (this.#barriers.length === 0) return;
    for (const barrier of this.#barriers) {
      if (receipt.order > barrier.upTo) continue;
      barrier.missing -= 1;
      if (barrier.missing === 0) barrier.wake();
    }
    this.#barriers = this.#barriers.filter((barrier) => barrier.missing > 0);
  }
}

interface Barrier {
  readonly upTo: number;
  missing: number;
  readonly wake: () => void;
}
