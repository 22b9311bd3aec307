import type { RefusalCode } from './refusal.js';

/** Why an event was dropped although it is valid. */
export type DropReason =
  /** The queue was full; see `maxQueueSize`, `maxQueueBytes` and `whenFull`. */
  | 'queue_full'
  /** It is older than the 7 days the service accepts. The message says if the service refused it. */
  | 'too_old'
  /** It failed repeatedly while others were accepted. */
  | 'retries_exhausted'
  /** The outbox could not store it. */
  | 'outbox_failed'
  /** `forget` removed it: its person asked to be erased. */
  | 'forgotten'
  /** `beforeSend` returned `null`. */
  | 'before_send'
  /** The client is disabled. */
  | 'disabled'
  /** The client was closed before the call. */
  | 'closed';

/** Why the outcome of an event is not known. */
export type UnknownReason =
  /** The outbox did not confirm the event but may have stored it: an answer was lost, or the client closed first. */
  | 'not_confirmed'
  /** It left the queue after it may have been sent, because the queue was full or `forget` removed it: the service may have it. */
  | 'unanswered'
  /**
   * The outbox had stored the event, and was emptied, replaced or restored before its outcome was known. Or PostgreSQL was restarted,
   * and another process may have delivered it.
   */
  | 'store_lost';

/** Why an event was refused: at the call ({@link RefusalCode}), or by the service as one row or as a whole request. */
export type RejectionCode = RefusalCode | 'invalid_event' | 'http_error';

/** How an event ended. */
export type Outcome =
  | { readonly status: 'delivered' }
  /** It will never be accepted as it is. */
  | { readonly status: 'rejected'; readonly code: RejectionCode; readonly message: string }
  | {
      readonly status: 'dropped';
      readonly reason: DropReason;
      /** Details, where the reason alone does not say what to do. */
      readonly message?: string | undefined;
    }
  | {
      /** The event may be delivered, now or later, or lost. It is safe to send it again with its `distinctId`. */
      readonly status: 'unknown';
      readonly reason: UnknownReason;
      readonly message?: string | undefined;
    };

/** The outcome of an event, where it is known. */
export type KnownOutcome = Exclude<Outcome, { readonly status: 'unknown' }>;

/** The outcome of an event that the service does not have. */
export type Undelivered = Exclude<KnownOutcome, { readonly status: 'delivered' }>;

/** The event of an outcome. */
export interface OutcomeInfo {
  readonly kind: 'track' | 'identify';
  readonly event: string;
  readonly distinctId: string;
}

/** The code or reason of an outcome; `''` for a delivered event. */
export function reasonOf(outcome: Outcome): RejectionCode | DropReason | UnknownReason | '' {
  if (outcome.status === 'delivered') return '';
  return outcome.status === 'rejected' ? outcome.code : outcome.reason;
}

/** Whether every retry of the event would have the same outcome. */
export function isPermanent(outcome: Outcome): boolean {
  if (outcome.status === 'rejected') return true;
  return outcome.status === 'dropped' && PERMANENT_DROPS.has(outcome.reason);
}

const PERMANENT_DROPS: ReadonlySet<DropReason> = new Set(['too_old', 'forgotten', 'before_send', 'disabled']);
