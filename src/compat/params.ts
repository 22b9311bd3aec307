import type { UserProperties as PersonProperties } from '../protocol/event.js';
import type { DefaultProperties as PageProperties, TextValue } from '../protocol/fields.js';

// The shapes of the official SDK: every optional field may also be null. Inputs accept more types than it does, such as numbers
// for strings; answers have its types exactly. test/compat/params.test.ts compares them with the service's schema.

/** The fields with a name, without the index signature: an interface would not be assignable to it. */
type Named<Fields> = { [Name in keyof Fields as string extends Name ? never : Name]?: Fields[Name] };

/** What the page knew. */
export type DefaultProperties = Named<PageProperties>;

type PageFieldsOfPerson =
  | 'axwrt'
  | 'fbc'
  | 'fbp'
  | 'ip'
  | 'is_bot'
  | 'referrer'
  | 'referring_domain'
  | 'sid'
  | 'user_agent'
  | 'user_agent_full_list';

/** What the service knows of a person. */
export type UserProperties = Omit<Named<PersonProperties>, 'custom_properties'> & {
  custom_properties?: object | null | undefined;
} & { [Name in PageFieldsOfPerson]?: TextValue };

/** The end user's address and browser. Without both it is not sent. */
export interface IdentityContext {
  ip: string;
  userAgent: string;
}

interface Person {
  /** The source token. */
  token: string;
  /** The Ours visitor id, the cookie `ours_device_id`. */
  userId?: string | null | undefined;
  /** Your own id of the person. */
  externalId?: string | null | undefined;
  email?: string | null | undefined;
  defaultProperties?: DefaultProperties | null | undefined;
  identityContext?: IdentityContext | null | undefined;
}

/** The input of `track.event`. */
export interface TrackEventParams extends Person {
  event: string;
  /** The idempotency key. @default a random UUID of version 7, fixed before the first attempt */
  distinctId?: string | null | undefined;
  eventProperties?: object | null | undefined;
  /** Milliseconds since the epoch. @default now */
  time?: number | null | undefined;
  userProperties?: UserProperties | null | undefined;
}

export interface TrackEventResponse {
  success: true;
}

/** The input of `visitor.upsert`. */
export interface VisitorUpsertParams extends Person {
  userProperties: UserProperties;
}

export interface VisitorUpsertResponse {
  success: true;
}

/** The input of `batch.create`. */
export interface BatchCreateParams {
  /** The source token. */
  token: string;
  events: readonly BatchEvent[];
}

/** A row of a batch. */
export interface BatchEvent extends Omit<TrackEventParams, 'token' | 'distinctId'> {
  /** The idempotency key. Required, as by the service. */
  distinctId: string;
}

export interface BatchCreateResponse {
  /** Whether every row was accepted. */
  success: boolean;
  accepted: number;
  failed: number;
  /** One for each row, in their order. */
  results: BatchRowResult[];
}

export type BatchRowResult =
  | { index: number; success: true }
  /** `queue_failed`: send it again with the same distinctId. `invalid_event`: it will never be accepted as it is. */
  | { index: number; success: false; code: 'invalid_event' | 'queue_failed'; message: string };

/** The input of `experiments.assignment`. */
export interface ExperimentAssignmentParams {
  /** The experiment token, `exp_…`. */
  token: string;
  visitor_id: string;
  context?: { url?: string | null | undefined; search?: string | null | undefined } | null | undefined;
  /** Whether an exposure is recorded. @default true */
  track_impression?: boolean | null | undefined;
}

export type ExperimentAssignmentResponse =
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

/** The input of `experiments.personalization`. */
export interface ExperimentPersonalizationParams {
  /** The experiment token, `exp_…`. */
  token: string;
  visitor_id: string;
}

export interface ExperimentPersonalizationResponse {
  success: true;
  personalizations: PersonalizationEntry[];
}

export interface PersonalizationEntry {
  assigned_at: number;
  experiment_id: string;
  variant_id: string;
  experiment_key?: string | null;
  experiment_name?: string | null;
  variant_name?: string | null;
}
