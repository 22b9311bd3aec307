/**
 * The wire of the Ingest and assignment APIs as types: exactly what is posted and what is answered.
 * Paths are relative to the base URL. Source: the service's public OpenAPI text and documentation.
 */

export const PATHS = {
  track: '/track',
  identify: '/identify',
  batch: '/batch',
  assignments: '/experiments/assignments/',
  personalization: '/experiments/personalization',
} as const;

/** How a source's test token begins: what comes with it is tagged, and the service forwards it nowhere. */
export const TEST_TOKEN_PREFIX = 'test_';

/** The only reserved name a caller may send; the service emits it for every identify. */
export const IDENTIFY_EVENT = '$identify';

/** Recorded by the service for every assignment that counts as an exposure. */
export const IMPRESSION_EVENT = '$experiment_impression';

/** A flat map as the service stores it: everything is text, `null` clears. */
export type PropertyMap = Record<string, string | null>;

/** At least one of the three says whose event it is; the service looks them up in this order. */
export interface WireIdentity {
  userId?: string;
  externalId?: string;
  email?: string;
}

/** The end user's address and browser, never the server's; the service wants both or neither. */
export interface WireIdentityContext {
  ip: string;
  userAgent: string;
}

/** One row of `/batch`, and the body of `/track` beside its token. */
export interface WireTrack extends WireIdentity {
  event: string;
  distinctId?: string;
  /** Milliseconds since the epoch, in the past and at most 7 days old. */
  time?: number;
  eventProperties?: PropertyMap;
  userProperties?: Record<string, unknown>;
  defaultProperties?: Record<string, unknown>;
  identityContext?: WireIdentityContext;
}

/** The body of `/identify` beside its token. */
export interface WireIdentify extends WireIdentity {
  userProperties: Record<string, unknown>;
  defaultProperties?: Record<string, unknown>;
  identityContext?: WireIdentityContext;
}

export type BatchRowCode = 'invalid_event' | 'queue_failed';

/** One line of a `/batch` answer; rows the service took have no code. */
export type WireBatchRow =
  | { index: number; success: true }
  | { index: number; success: false; code: BatchRowCode; message: string };

export interface WireBatchAnswer {
  success: boolean;
  accepted: number;
  failed: number;
  /** One for each row, whatever the status. */
  results: WireBatchRow[];
}

/** The body of an assignment request beside its token. */
export interface WireAssignmentRequest {
  visitor_id: string;
  context?: { url?: string; search?: string };
  /** Whether the answer counts as an exposure. The service's default is `true`. */
  track_impression?: boolean;
}

/** Not assigned is not control: a visitor outside the experiment must not be counted in any arm. */
export type WireAssignmentAnswer =
  | {
      success: true;
      in_experiment: true;
      experiment_id: string;
      variant_id: string;
      experiment_key?: string | null;
      experiment_name?: string | null;
      variant_name?: string | null;
      is_control?: boolean | null;
      type?: string | null;
      redirect?: string | null;
    }
  | { success: true; in_experiment: false };

export interface WirePersonalization {
  /** Milliseconds since the epoch. */
  assigned_at: number;
  experiment_id: string;
  experiment_key?: string | null;
  experiment_name?: string | null;
  variant_id: string;
  variant_name?: string | null;
}

/** The answer to a personalization request. */
export interface WirePersonalizations {
  success: true;
  personalizations: WirePersonalization[];
  /** The newest official SDK expects an object here; its content is unpublished [A: empty]. */
  properties: Record<string, unknown>;
}
