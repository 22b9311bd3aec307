export type { FlushOptions, Outbox, Totals } from 'ours-ingest';
export { APIPromise } from './api-promise.js';
export {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  type ErrorBody,
  InternalServerError,
  NotFoundError,
  OursPrivacyError,
  PermissionDeniedError,
  RateLimitError,
  UnprocessableEntityError,
} from './errors.js';
export type { Batch, Track, Visitor } from './events.js';
export type { Experiments } from './experiments.js';
export type { ClientOptions, Logger, LogLevel, RequestOptions } from './options.js';
export { OursPrivacy, OursPrivacy as default } from './ours-privacy.js';
export type {
  BatchCreateParams,
  BatchCreateResponse,
  BatchEvent,
  BatchRowResult,
  DefaultProperties,
  ExperimentAssignmentParams,
  ExperimentAssignmentResponse,
  ExperimentPersonalizationParams,
  ExperimentPersonalizationResponse,
  IdentityContext,
  PersonalizationEntry,
  TrackEventParams,
  TrackEventResponse,
  UserProperties,
  VisitorUpsertParams,
  VisitorUpsertResponse,
} from './params.js';
