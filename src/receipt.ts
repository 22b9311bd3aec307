import { OursError } from './errors.js';
import type { Outcome } from './outcome.js';

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

/**
 * open ──durable outbox──▶ stored ──▶ an outcome
 * open ──close──▶ left            stored ──close, or no relay here──▶ handed over
 */
type ReceiptState = 'stored' | 'handed over' | 'left' | Outcome;

/** Where receipts are waited for. */
export interface Desk {
  readonly isClosed: boolean;
  /** Somebody waits for news of this receipt. */
  watch(receipt: OpenReceipt): void;
  /** Nobody waits any longer. */
  unwatch(receipt: OpenReceipt): void;
}

/**
 * A receipt and what it waits for. One is made for every event, so it is kept plain: no promise, no list, no private method
 * (each would cost every object a brand).
 */
export class OpenReceipt implements Receipt {
  readonly distinctId: string;
  readonly order: number;
  private readonly desk: Desk;
  private state: ReceiptState | undefined = undefined;
  private waiters: Set<() => void> | undefined = undefined;

  constructor(distinctId: string, order: number, desk: Desk) {
    this.distinctId = distinctId;
    this.order = order;
    this.desk = desk;
  }

  async stored(options: WaitOptions = {}): Promise<void> {
    const signals = toSignals(options);
    while (this.state === undefined) await this.news(signals);
    const { state } = this;
    if (state === 'left') throw this.unknown('the client was closed before that');
    if (state === 'stored' || state === 'handed over' || state.status === 'delivered') return;
    throw new OursError('not_stored', `event ${this.distinctId} was not stored: ${describe(state)}`, { cause: state });
  }

  async settled(options: WaitOptions = {}): Promise<Outcome> {
    const signals = toSignals(options);
    while (this.state === undefined || this.state === 'stored') await this.news(signals);
    if (this.state === 'left') throw this.unknown('the client was closed before that');
    if (this.state === 'handed over') throw this.unknown('it is stored, and the relay that delivers it will know');
    return this.state;
  }

  /** Stored, and without an outcome so far. */
  get isStored(): boolean {
    return this.state === 'stored';
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

  private news(signals: readonly AbortSignal[]): Promise<void> {
    if (this.desk.isClosed) {
      this.leave();
      return Promise.resolve();
    }
    this.desk.watch(this);
    return waitFor((wake) => {
      this.waiters ??= new Set();
      this.waiters.add(wake);
      return () => {
        this.waiters?.delete(wake);
        if (this.waiters?.size === 0) this.desk.unwatch(this);
      };
    }, signals);
  }

  private unknown(why: string): OursError {
    const advice = 'Sending it again with the same distinctId is safe: it counts once.';
    return new OursError('closed', `the outcome of event ${this.distinctId} is not known here: ${why}. ${advice}`);
  }
}

function toSignals({ signal, timeoutMs }: WaitOptions): readonly AbortSignal[] {
  const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  return [signal, timeout].filter((one) => one !== undefined);
}

/**
 * Resolves when `subscribe`'s callback is called; rejects with the reason of the first signal that comes before that, and calls
 * what `subscribe` has returned.
 *
 * The signals are listened to one by one: on Node 20 one that `AbortSignal.any` makes of them forgets a timeout that nobody else
 * holds.
 */
export function waitFor(subscribe: (wake: () => void) => () => void, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve, reject) => {
    for (const { aborted, reason } of signals) if (aborted) return reject(reason);
    const leave = (): void => {
      for (const signal of signals) signal.removeEventListener('abort', abort);
    };
    const unsubscribe = subscribe(() => {
      leave();
      resolve();
    });
    const abort = ({ target }: Event): void => {
      leave();
      unsubscribe();
      reject((target as AbortSignal).reason);
    };
    for (const signal of signals) signal.addEventListener('abort', abort);
  });
}

function describe(outcome: Outcome): string {
  if (outcome.status === 'delivered') return outcome.status;
  if (outcome.status === 'rejected') return `${outcome.code}: ${outcome.message}`;
  return `dropped, ${outcome.reason}${outcome.message === undefined ? '' : `: ${outcome.message}`}`;
}
