import type { RefusalCode } from './refusal.js';

/** Why an event was given up without the service having refused it. */
export type DropReason =
  /** The queue was full; see `maxQueueSize`, `maxQueueBytes` and `whenFull`. */
  | 'queue_full'
  /** It waited until it was older than the 7 days the service accepts. */
  | 'too_old'
  /** The service failed on this very event again and again while it took others. */
  | 'retries_exhausted'
  /** The outbox could not store it. */
  | 'outbox_failed'
  /** `beforeSend` returned `null`. */
  | 'before_send'
  /** The client is disabled. */
  | 'disabled'
  /** The client was closed before the call. */
  | 'closed';

/** Why nothing is known about an event. */
export type UnknownReason =
  /** The outbox did not confirm that it stored the event, and it may have: an answer was lost, or the client closed first. */
  | 'not_confirmed'
  /** The queue was full after the event had been handed to a request: the service may have it. */
  | 'unanswered'
  /** The outbox had stored the event and was emptied, replaced or restored before the event's end was known. */
  | 'store_lost';

/** Why an event was refused: at the call ({@link RefusalCode}), row by row by the service, or as a whole request. */
export type RejectionCode = RefusalCode | 'invalid_event' | 'http_error';

/** How an event ended. */
export type Outcome =
  | { readonly status: 'delivered' }
  /** It will never be accepted as it is. */
  | { readonly status: 'rejected'; readonly code: RejectionCode; readonly message: string }
  | {
      readonly status: 'dropped';
      readonly reason: DropReason;
      /** What happened and what to do, where the reason alone does not say it. */
      readonly message?: string | undefined;
    }
  | {
      /** The event may be delivered, now or later, or it may be lost. Sending it again with its `distinctId` is safe. */
      readonly status: 'unknown';
      readonly reason: UnknownReason;
      readonly message?: string | undefined;
    };

/** How an event ends where its end is known. */
export type KnownOutcome = Exclude<Outcome, { readonly status: 'unknown' }>;

/** How an event ended that the service does not have. */
export type Undelivered = Exclude<KnownOutcome, { readonly status: 'delivered' }>;

/** What an outcome belongs to. */
export interface OutcomeInfo {
  readonly kind: 'track' | 'identify';
  readonly event: string;
  readonly distinctId: string;
}

/** Whether sending the event again would end the same way, however often. */
export function isPermanent(outcome: Outcome): boolean {
  if (outcome.status === 'rejected') return true;
  return outcome.status === 'dropped' && PERMANENT_DROPS.has(outcome.reason);
}

const PERMANENT_DROPS: ReadonlySet<DropReason> = new Set(['too_old', 'before_send', 'disabled']);
