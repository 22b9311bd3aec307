import type { RefusalCode } from './protocol/refusal.js';

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
    };

/** How an event ended that the service does not have. */
export type Undelivered = Exclude<Outcome, { readonly status: 'delivered' }>;

/** What an outcome belongs to. */
export interface OutcomeInfo {
  readonly kind: 'track' | 'identify';
  readonly event: string;
  readonly distinctId: string;
}
