import { checkTimeout } from '../core/check-timeout.js';
import { OursError } from '../core/errors.js';
import { isPermanent, type Outcome } from '../core/outcome.js';
import type { Hold } from '../core/timers.js';
import { type WaitOptions, waitFor } from './waiting.js';

/** Tracks one event. No promise exists until one is asked for. */
export interface Receipt {
  /** The idempotency key: yours, or a generated UUIDv7. */
  readonly distinctId: string;
  /**
   * Resolves once losing the process no longer loses the event: a durable outbox has committed it, or the service has it.
   * Calling it sends the event without waiting for a full batch.
   * @throws {OursError} `rejected` if the event can never be stored (`retryable` is false), `not_stored` if sending it again may
   * succeed (`retryable` is true), each with the outcome as its `cause`; `closed` if the client was closed first;
   * `invalid_option` for a `timeoutMs` that is no number. Or the signal's reason, or a `TimeoutError` after `timeoutMs`.
   */
  stored(options?: WaitOptions): Promise<void>;
  /**
   * Resolves to the event's outcome. Calling it sends the event without waiting for a full batch.
   * @throws {OursError} `closed` if this client will not learn the outcome: it was closed first, or it has no relay;
   * `invalid_option` for a `timeoutMs` that is no number. Or the signal's reason, or a `TimeoutError` after `timeoutMs`.
   */
  settled(options?: WaitOptions): Promise<Outcome>;
}

/**
 * open ──durable outbox──▶ stored ──▶ an outcome
 * open ──close──▶ abandoned       stored ──close, or no relay here──▶ elsewhere
 */
type ReceiptState = 'stored' | 'elsewhere' | 'abandoned' | Outcome;

/** The part of a tracker that its receipts use. */
export interface ReceiptHost {
  /** A caller waits for this receipt. Returns `false` if its state will not change, because the client is closed. */
  watch(receipt: OpenReceipt): boolean;
  /** The last waiting caller gave up. */
  unwatch(receipt: OpenReceipt): void;
  readonly hold: Hold;
}

const NO_HOST: ReceiptHost = { watch: () => false, unwatch() {}, hold: (wait) => wait };

/** The receipt of an event whose outcome is known at the call. */
export function settledReceipt(distinctId: string, outcome: Outcome): Receipt {
  const receipt = new OpenReceipt(distinctId, 0, NO_HOST);
  receipt.enter(outcome);
  return receipt;
}

/**
 * The receipt of an event that was taken. Every event allocates one, so it holds no promise and no list, and uses no `#private`
 * members (each would brand every object).
 */
export class OpenReceipt implements Receipt {
  readonly distinctId: string;
  readonly sequence: number;
  private readonly host: ReceiptHost;
  private state: ReceiptState | undefined = undefined;
  private waiters: Set<() => void> | undefined = undefined;

  constructor(distinctId: string, sequence: number, host: ReceiptHost) {
    this.distinctId = distinctId;
    this.sequence = sequence;
    this.host = host;
  }

  async stored(options?: WaitOptions): Promise<void> {
    const state = await this.reach('stored', options);
    if (state === 'stored' || state === 'elsewhere' || state.status === 'delivered') return;
    const code = isPermanent(state) ? 'rejected' : 'not_stored';
    const what = state.status === 'unknown' ? 'may not be stored' : 'was not stored';
    throw new OursError(code, `event ${this.distinctId} ${what}: ${describe(state)}`, { cause: state });
  }

  async settled(options?: WaitOptions): Promise<Outcome> {
    const state = await this.reach('settled', options);
    if (typeof state === 'object') return state;
    throw this.unknown('it was stored, but this client does not learn whether it was delivered');
  }

  /** Stored, with no outcome yet. */
  get isStored(): boolean {
    return this.state === 'stored';
  }

  enter(state: ReceiptState): void {
    this.state = state;
    for (const look of this.waiters ?? []) look();
  }

  /** This client will learn nothing more about the event. */
  abandon(): void {
    this.enter(this.isStored ? 'elsewhere' : 'abandoned');
  }

  private async reach(
    goal: 'stored' | 'settled',
    given: WaitOptions | null | undefined,
  ): Promise<Exclude<ReceiptState, 'abandoned'>> {
    const options = given ?? {};
    const wrong = checkTimeout(options.timeoutMs);
    if (wrong !== undefined) throw new OursError('invalid_option', wrong.message);
    if (!this.isPast(goal)) {
      options.signal?.throwIfAborted();
      if (this.host.watch(this)) await this.wait(goal, options);
      else this.abandon();
    }
    if (this.state === 'abandoned') throw this.unknown('the client was closed before that');
    return this.state!;
  }

  private isPast(goal: 'stored' | 'settled'): boolean {
    return this.state !== undefined && !(goal === 'settled' && this.isStored);
  }

  private wait(goal: 'stored' | 'settled', options: WaitOptions): Promise<void> {
    this.waiters ??= new Set();
    const { waiters } = this;
    const complaint = `event ${this.distinctId} is not ${goal}`;
    return waitFor(
      (wake) => {
        const look = (): void => {
          if (!this.isPast(goal)) return void this.host.watch(this);
          waiters.delete(look);
          wake();
        };
        waiters.add(look);
        return () => {
          waiters.delete(look);
          if (waiters.size === 0) this.host.unwatch(this);
        };
      },
      options,
      complaint,
      this.host.hold,
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
