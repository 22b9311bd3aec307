import type { Client } from '../client/types.js';
import { checkLogger, failOption, requireFunction } from '../core/check-option.js';
import type { Logger } from '../core/logger.js';
import { typeName } from '../core/refusal.js';
import type { SecretKey } from '../core/secret-key.js';
import { fieldNames } from '../core/unknown-names.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { Conversion, ConversionSink, WebhookIdentity } from './conversion.js';
import type { IncomingWebhook } from './incoming.js';
import type { OpenOptions } from './token/open-visitor.js';

/** The options of every webhook. */
export interface ReportingOptions<Event> extends Omit<OpenOptions, 'now'> {
  /** The keys of `sealVisitor`; a token opens with any of them. */
  readonly keys: readonly SecretKey[];
  /**
   * The identity of an event without a usable token, for example from your database. If it returns `undefined`, the event is not
   * reported. A payment can have several events: return the same identity for each. If it throws, the provider retries.
   *
   * It is also asked if the token has a visitor but no session. Of the answer only `sessionId` is used then, unless the answer names
   * another `userId`.
   * @default none
   */
  readonly identify?:
    | ((event: Event) => WebhookIdentity | undefined | Promise<WebhookIdentity | undefined>)
    | undefined;
  /**
   * The time limit for an answer, in milliseconds, including reading the body of a `Request`, the signature, `conversions`,
   * `identify` and storing the events. Set it lower than the provider's own limit.
   * @default 8000
   */
  readonly timeoutMs?: number | undefined;
  /** Anything with `warn(message)`. @default the console */
  readonly logger?: Logger | undefined;
}

export interface WebhookOptions<Event, Catalog extends EventCatalog = EventCatalog> extends ReportingOptions<Event> {
  /** The client. Its `events` must include every event that the webhook reports. */
  // With only the sink, the compiler would not infer a catalogue of one event.
  readonly ours: Client<Catalog> | ConversionSink<Catalog>;
  /** The provider's name, for messages. */
  readonly provider: string;
  /**
   * Verifies the signature of the raw body and returns the event. If it throws, the webhook is rejected with 400, as forged.
   *
   * If the provider's API verifies the signature, it may be unavailable: throw `new OursError('verification_unavailable', …)` to
   * answer 503. Timeouts, network errors and errors with a `status` of 408, 429 or 5xx have the same effect.
   */
  readonly verify: (webhook: IncomingWebhook) => Event | Promise<Event>;
  /**
   * The events to report; an empty list if the event is not relevant. If it throws, the provider retries. An item that needs a
   * lookup may be a promise: if it rejects, the others are still reported.
   */
  readonly conversions: (event: Event) => Conversions<Catalog> | Promise<Conversions<Catalog>>;
}

type Conversions<Catalog extends EventCatalog> = readonly (
  | Conversion<Catalog>
  | Promise<Conversion<Catalog> | undefined>
)[];

export const REPORTING_OPTIONS: ReadonlySet<string> = new Set([
  'ours',
  ...fieldNames<ReportingOptions<never>>({
    keys: 1,
    environment: 1,
    maxAgeMs: 1,
    sessionMaxAgeMs: 1,
    acceptUnbound: 1,
    identify: 1,
    timeoutMs: 1,
    logger: 1,
  }),
]);
export const WEBHOOK_OPTIONS: ReadonlySet<string> = new Set([
  'provider',
  'verify',
  'conversions',
  ...REPORTING_OPTIONS,
]);

const MAX_TIMEOUT_MS = 600_000;

/**
 * Finds mistakes at set-up instead of with the first payment.
 * @throws {OursError} `invalid_option`
 */
export function checkOptions<Event, Catalog extends EventCatalog>(options: WebhookOptions<Event, Catalog>): void {
  const { ours, timeoutMs, verify, conversions, identify, logger } = options;
  if (typeof ours?.track !== 'function') {
    failOption(`ours must be the client that createClient() returns; got ${typeName(ours)}.`);
  }
  requireFunction('verify', verify);
  requireFunction('conversions', conversions);
  if (identify !== undefined) requireFunction('identify', identify);
  if (timeoutMs !== undefined && !(Number.isInteger(timeoutMs) && timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)) {
    failOption(`timeoutMs must be an integer from 1 to ${MAX_TIMEOUT_MS}.`);
  }
  checkLogger(logger);
}
