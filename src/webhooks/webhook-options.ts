import type { Client } from '../client/types.js';
import { checkLogger, failOption, requireFunction } from '../core/check-option.js';
import type { Logger } from '../core/logger.js';
import { typeName } from '../core/refusal.js';
import { readSecretKeys, type SecretKey } from '../core/secret-key.js';
import { fieldNames } from '../core/unknown-names.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { Conversion, ConversionSink, WebhookIdentity } from './conversion.js';
import type { IncomingWebhook } from './incoming.js';
import { checkOpenOptions, type OpenOptions } from './visitor-token.js';

/** What every webhook is told, whoever sends it. */
export interface ReportingOptions<Event> extends Omit<OpenOptions, 'now'> {
  /** Those of `sealVisitor`; all of them open. */
  readonly keys: readonly SecretKey[];
  /**
   * Whose event it is when no token says so; it may look into your database. `undefined` when you do not know either: the
   * event is not reported then. Several events may tell of one payment: answer the same for each. What it throws makes the
   * provider send the webhook again.
   * @default nobody
   */
  readonly identify?:
    | ((event: Event) => WebhookIdentity | undefined | Promise<WebhookIdentity | undefined>)
    | undefined;
  /**
   * The most an answer takes, in milliseconds: for the body of a `Request`, the signature, `conversions`, `identify` and the events
   * to be safe together.
   * Less than the provider waits.
   * @default 8000
   */
  readonly timeoutMs?: number | undefined;
  /** Anything with `warn(message)`. @default the console */
  readonly logger?: Logger | undefined;
}

export interface WebhookOptions<Event, Catalog extends EventCatalog = EventCatalog> extends ReportingOptions<Event> {
  /** The client. Its `events` must have every event that the webhook reports. */
  // By a sink alone the compiler would not find a catalogue that has one event.
  readonly ours: Client<Catalog> | ConversionSink<Catalog>;
  /** Who sends it, for messages. */
  readonly provider: string;
  /**
   * Checks the signature over the raw body and returns the event. What it throws refuses the webhook with 400, as forged.
   *
   * Where the provider itself checks the signature, it may be out of reach: throw `new OursError('verification_unavailable', …)`
   * for an answer that does not decide, and the webhook is answered 503. Timeouts, network errors and errors with a `status` of
   * 408, 429 or 5xx are taken for that without being told.
   */
  readonly verify: (webhook: IncomingWebhook) => Event | Promise<Event>;
  /**
   * The events to report; none for an event that is of no interest. What it throws makes the provider send the webhook again. One
   * that has to be looked up first may be a promise: if it rejects, the others are reported all the same.
   */
  readonly conversions: (event: Event) => Conversions<Catalog> | Promise<Conversions<Catalog>>;
}

type Conversions<Catalog extends EventCatalog> = readonly (
  | Conversion<Catalog>
  | Promise<Conversion<Catalog> | undefined>
)[];

/** What every webhook takes. */
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
/** What a webhook takes whose conversions are yours. */
export const WEBHOOK_OPTIONS: ReadonlySet<string> = new Set([
  'provider',
  'verify',
  'conversions',
  ...REPORTING_OPTIONS,
]);

const MAX_TIMEOUT_MS = 600_000;

/**
 * Finds at set-up what would otherwise be found with the first payment.
 * @throws {OursError} `invalid_option`, naming the option
 */
export function checkOptions<Event, Catalog extends EventCatalog>(options: WebhookOptions<Event, Catalog>): void {
  const { ours, keys, timeoutMs, verify, conversions, identify, logger } = options;
  if (typeof ours?.track !== 'function') {
    failOption(`ours must be the client that createClient() returns; got ${typeName(ours)}.`);
  }
  requireFunction('verify', verify);
  requireFunction('conversions', conversions);
  if (identify !== undefined) requireFunction('identify', identify);
  readSecretKeys('keys', keys);
  checkOpenOptions(options);
  if (timeoutMs !== undefined && !(Number.isInteger(timeoutMs) && timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)) {
    failOption(`timeoutMs must be a whole number from 1 to ${MAX_TIMEOUT_MS}.`);
  }
  checkLogger(logger);
}
