import { OursError } from '../core/errors.js';
import { isPermanent, type Outcome } from '../core/outcome.js';
import { type WaitOptions, waitFor } from './waiting.js';

/** What a caller gets for an event. No promise exists until one is asked for. */
export interface Receipt {
  /** The idempotency key, given or made up. */
  readonly distinctId: string;
  /**
   * Resolves once losing the process no longer loses the event: a durable outbox has committed it, or the service has it.
   * Waiting hurries delivery: no batch is waited for.
   * @throws {OursError} `rejected` for an event that will never be stored as it is (`retryable` is false), `not_stored` for one
   * that may be stored when it is sent again (`retryable` is true), each with the outcome as its `cause`; `closed` when the
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
export interface ReceiptHost {
  /** Somebody waits for news of this receipt; `false` when there will be none, because the client is closed. */
  watch(receipt: OpenReceipt): boolean;
  /** Nobody waits any longer. */
  unwatch(receipt: OpenReceipt): void;
}

const NO_DESK: ReceiptHost = { watch: () => false, unwatch() {} };

/** The receipt of an event that ended at the call. */
export function settledReceipt(distinctId: string, outcome: Outcome): Receipt {
  const receipt = new OpenReceipt(distinctId, 0, NO_DESK);
  receipt.enter(outcome);
  return receipt;
}

/**
 * A receipt and what it waits for. One is made for every event, so it is kept plain: no promise, no list, no private method
 * (each would cost every object a brand).
 */
export class OpenReceipt implements Receipt {
  readonly distinctId: string;
  readonly order: number;
  private readonly desk: ReceiptHost;
  private state: ReceiptState | undefined = undefined;
  private waiters: Set<() => void> | undefined = undefined;

  constructor(distinctId: string, order: number, desk: ReceiptHost) {
    this.distinctId = distinctId;
    this.order = order;
    this.desk = desk;
  }

  async stored(options?: WaitOptions): Promise<void> {
    const state = await this.reach('stored', options);
    if (state === 'stored' || state === 'handed over' || state.status === 'delivered') return;
    const code = isPermanent(state) ? 'rejected' : 'not_stored';
    const what = state.status === 'unknown' ? 'may not be stored' : 'was not stored';
    throw new OursError(code, `event ${this.distinctId} ${what}: ${describe(state)}`, { cause: state });
  }

  async settled(options?: WaitOptions): Promise<Outcome> {
    const state = await this.reach('settled', options);
    if (typeof state === 'object') return state;
    throw this.unknown('it is stored, and the relay that delivers it will know');
  }

  /** Stored, and without an outcome so far. */
  get isStored(): boolean {
    return this.state === 'stored';
  }

  enter(state: ReceiptState): void {
    this.state = state;
    for (const look of this.waiters ?? []) look();
  }

  /** Nothing more will be heard of it in this client. */
  leave(): void {
    this.enter(this.isStored ? 'handed over' : 'left');
  }

  private async reach(aim: 'stored' | 'settled', options: WaitOptions = {}): Promise<Exclude<ReceiptState, 'left'>> {
    if (!this.isPast(aim)) {
      options.signal?.throwIfAborted();
      if (this.desk.watch(this)) await this.wait(aim, options);
      else this.leave();
    }
    if (this.state === 'left') throw this.unknown('the client was closed before that');
    return this.state!;
  }

  private isPast(aim: 'stored' | 'settled'): boolean {
    return this.state !== undefined && !(aim === 'settled' && this.isStored);
  }

  private wait(aim: 'stored' | 'settled', options: WaitOptions): Promise<void> {
    this.waiters ??= new Set();
    const { waiters } = this;
    const complaint = `event ${this.distinctId} is not ${aim}`;
    return waitFor(
      (wake) => {
        const look = (): void => {
          if (!this.isPast(aim)) return void this.desk.watch(this);
          waiters.delete(look);
          wake();
        };
        waiters.add(look);
        return () => {
          waiters.delete(look);
          if (waiters.size === 0) this.desk.unwatch(this);
        };
      },
      options,
      complaint,
    );
  }

  private unknown(why: string): OursError {
    const advice = 'Sending it again with the same distinctId is safe: it counts once.';
    return new OursError('closed', `the outcome of event ${this.distinctId} is not known here: ${why}. ${advice}`);
  }
}

function describe(outcome: Exclude<Outcome, { readonly status: 'delivered' }>): string {
  if (outcome.status === 'rejected') return `${outcome.code}: ${outcome.message}`;
  return `${outcome.status}, ${outcome.reason}${outcome.message === undefined ? '' : `: ${outcome.message}`}`;
}
