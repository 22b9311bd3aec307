import type { FetchLike } from './delivery/transport.js';
import { OursError } from './errors.js';
import type { Logger } from './logger.js';
import { DEFAULT_QUEUE_BYTES, DEFAULT_QUEUE_SIZE, type WhenFull } from './outbox/memory.js';
import type { Outbox } from './outbox/outbox.js';
import type { Outcome, OutcomeInfo } from './outcome.js';
import type { EventCatalog } from './protocol/catalog.js';
import { checkName, type TrackFields } from './protocol/event.js';
import { DEFAULT_BATCH_BYTES, DEFAULT_BATCH_ROWS, MAX_TOKEN_LENGTH } from './protocol/limits.js';
import { typeName } from './protocol/refusal.js';

/** Keeps a serverless function alive until the promise has settled, as `ctx.waitUntil` does. */
export type WaitUntil = (promise: Promise<unknown>) => void;

/** An event as `beforeSend` sees it. */
export interface OutgoingEvent extends TrackFields {
  readonly event: string;
  readonly eventProperties?: object | undefined;
}

/**
 * How a client behaves. What is left out comes from the environment variable named beside it, then from the default.
 */
export interface ClientOptions<Catalog extends EventCatalog = EventCatalog> {
  /** The source token. `OURS_TOKEN`. Required unless `disabled`. */
  readonly token?: string | undefined;
  /** The token for `assign`, `exp_…`. `OURS_EXPERIMENT_TOKEN`. */
  readonly experimentToken?: string | undefined;
  /** `OURS_BASE_URL`. @default 'https://api.oursprivacy.com/api/v1' */
  readonly baseUrl?: string | undefined;
  /** Your events: name → schema of its properties, any Standard Schema. Without it every name is allowed. */
  readonly events?: Catalog | undefined;
  /** Where events wait. @default a memory outbox */
  readonly outbox?: Outbox | undefined;
  /** Events that make a batch, and the most that one may hold. `OURS_FLUSH_AT`. @default 100 */
  readonly flushAt?: number | undefined;
  /** How long an event waits for its batch to fill. `OURS_FLUSH_INTERVAL_MS`. @default 1000 */
  readonly flushIntervalMs?: number | undefined;
  /** The most one request may hold, UTF-8. `OURS_MAX_BATCH_BYTES`. @default 524288 */
  readonly maxBatchBytes?: number | undefined;
  /** Events the memory outbox holds, those under way included. `OURS_MAX_QUEUE_SIZE`. @default 100000 */
  readonly maxQueueSize?: number | undefined;
  /** Bytes the memory outbox holds. `OURS_MAX_QUEUE_BYTES`. @default 67108864 */
  readonly maxQueueBytes?: number | undefined;
  /** Which event goes when the memory outbox is full. `OURS_WHEN_FULL`. @default 'drop-newest' */
  readonly whenFull?: WhenFull | undefined;
  /**
   * Retries of a request that fails while the service takes others. An outage does not count: events wait it out.
   * `OURS_MAX_RETRIES`. @default 10
   */
  readonly maxRetries?: number | undefined;
  /** Batches under way at once, each on a socket; `assign` has one more. `OURS_CONCURRENCY`. @default 4 */
  readonly concurrency?: number | undefined;
  /** The most one request may take, its answer's body included. `OURS_REQUEST_TIMEOUT_MS`. @default 10000 */
  readonly requestTimeoutMs?: number | undefined;
  /** How long `assign` waits before it falls back. `OURS_ASSIGN_TIMEOUT_MS`. @default 400 */
  readonly assignTimeoutMs?: number | undefined;
  /** Whether this process delivers. With `false` it only appends to the outbox, for a relay elsewhere. @default true */
  readonly relay?: boolean | undefined;
  /** Hears warnings, one an episode. @default the console */
  readonly logger?: Logger | undefined;
  /** Called for every event that ended. What it throws is ignored. */
  readonly onOutcome?: ((outcome: Outcome, info: OutcomeInfo) => void) | undefined;
  /**
   * Sees every event before it is encoded, an identify as `$identify`; returns it, another one, or `null` to drop it.
   * Synchronous; it may change the object it is given.
   */
  readonly beforeSend?: ((event: OutgoingEvent) => OutgoingEvent | null) | undefined;
  /** Called with a promise of the delivery whenever events were tracked. @default the adapters', or found on Vercel by itself */
  readonly waitUntil?: WaitUntil | undefined;
  /** Replaces the HTTP client. @default undici on Node, the global `fetch` elsewhere and where it was replaced */
  readonly fetch?: FetchLike | undefined;
  /** Accepts everything, sends nothing. `OURS_DISABLED`. @default false */
  readonly disabled?: boolean | undefined;
}

/** Options with every gap filled. */
export interface ResolvedOptions {
  readonly token: string;
  readonly experimentToken: string | undefined;
  readonly baseUrl: string;
  readonly flushAt: number;
  readonly flushIntervalMs: number;
  readonly maxBatchBytes: number;
  readonly maxQueueSize: number;
  readonly maxQueueBytes: number;
  readonly whenFull: WhenFull;
  readonly maxRetries: number;
  readonly concurrency: number;
  readonly requestTimeoutMs: number;
  readonly assignTimeoutMs: number;
  readonly relay: boolean;
  readonly disabled: boolean;
}

export const DEFAULT_BASE_URL = 'https://api.oursprivacy.com/api/v1';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Fills gaps from the environment and defaults.
 * @throws {OursError} `invalid_option`, naming the option and the fix
 */
export function resolveOptions(options: ClientOptions, env: Env): ResolvedOptions {
  if (typeof options !== 'object' || options === null) fail(`createClient takes one object; got ${typeName(options)}.`);
  checkParts(options);
  checkEvents(options.events);
  const disabled = flag('disabled', options.disabled, env.OURS_DISABLED, false);
  const token = readToken('token', options.token, env.OURS_TOKEN);
  const experimentToken = readToken('experimentToken', options.experimentToken, env.OURS_EXPERIMENT_TOKEN);
  if (token === undefined && !disabled) {
    fail(
      'token is missing: pass { token } or set OURS_TOKEN to your source token (or OURS_DISABLED=1 to send nothing).',
    );
  }
  if (token?.startsWith('exp_')) {
    fail(
      'token is an experiment token (it starts with exp_): pass that as experimentToken and the source token as token.',
    );
  }
  if (experimentToken !== undefined && experimentToken === token) {
    fail('experimentToken and token are the same: they are two different tokens in the dashboard.');
  }
  if (options.relay === false && options.outbox?.durable !== true) {
    fail('relay is false, so this process delivers nothing: pass a durable outbox that a relay elsewhere drains.');
  }
  const number = (name: keyof ClientOptions & string, standard: number, min: number, max: number): number =>
    readNumber(name, options[name], env[envName(name)], standard, min, max);

  return {
    token: token ?? '',
    experimentToken,
    baseUrl: readBaseUrl(options.baseUrl ?? env.OURS_BASE_URL ?? DEFAULT_BASE_URL),
    flushAt: number('flushAt', DEFAULT_BATCH_ROWS, 1, 10_000),
    flushIntervalMs: number('flushIntervalMs', 1_000, 0, 3_600_000),
    maxBatchBytes: number('maxBatchBytes', DEFAULT_BATCH_BYTES, 1_024, 64 * 1024 * 1024),
    maxQueueSize: number('maxQueueSize', DEFAULT_QUEUE_SIZE, 1, 100_000_000),
    maxQueueBytes: number('maxQueueBytes', DEFAULT_QUEUE_BYTES, 1_024, Number.MAX_SAFE_INTEGER),
    maxRetries: number('maxRetries', 10, 0, 1_000),
    concurrency: number('concurrency', 4, 1, 256),
    requestTimeoutMs: number('requestTimeoutMs', 10_000, 1, 600_000),
    assignTimeoutMs: number('assignTimeoutMs', 400, 1, 60_000),
    whenFull: readWhenFull(options.whenFull ?? env.OURS_WHEN_FULL ?? 'drop-newest'),
    relay: flag('relay', options.relay, undefined, true),
    disabled,
  };
}

/** What a caller without types can get wrong is found here, not at the first event. */
function checkParts({ onOutcome, beforeSend, waitUntil, fetch, logger, outbox }: ClientOptions): void {
  for (const [name, value] of Object.entries({ onOutcome, beforeSend, waitUntil, fetch })) {
    if (value !== undefined && typeof value !== 'function') fail(`${name} must be a function; got ${typeName(value)}.`);
  }
  if (logger !== undefined && typeof logger?.warn !== 'function') {
    fail('logger must have a method warn(message), as the console, pino and winston have.');
  }
  if (outbox !== undefined && typeof (outbox?.durable === true ? outbox.lookUp : outbox?.claim) !== 'function') {
    fail('outbox must be an outbox, such as createMemoryOutbox() or createSqliteOutbox({ file }) makes.');
  }
}

function checkEvents(events: EventCatalog | undefined): void {
  if (events === undefined) return;
  if (typeof events !== 'object' || events === null) fail(`events must map names to schemas; got ${typeName(events)}.`);
  const seen = new Map<string, string>();
  for (const [name, schema] of Object.entries(events)) {
    const namesake = seen.get(name.toLowerCase());
    if (namesake !== undefined)
      fail(`events has '${namesake}' and '${name}', which the service takes for one: drop one.`);
    seen.set(name.toLowerCase(), name);
    const refusal = checkName(name);
    if (refusal !== undefined) fail(`events has a name that cannot be sent: ${refusal.message}`);
    if (typeof schema?.['~standard']?.validate !== 'function') {
      fail(
        `events.${name} must be a Standard Schema, such as one of zod, valibot or arktype; got ${typeName(schema)}.`,
      );
    }
  }
}

function fail(message: string): never {
  throw new OursError('invalid_option', message);
}

/** flushIntervalMs → OURS_FLUSH_INTERVAL_MS */
function envName(name: string): string {
  return `OURS_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

function readNumber(
  name: string,
  given: unknown,
  fromEnv: string | undefined,
  standard: number,
  min: number,
  max: number,
): number {
  const source = given === undefined ? envName(name) : name;
  const value = given ?? (fromEnv === undefined || fromEnv === '' ? standard : Number(fromEnv));
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  const came = typeof value === 'number' ? String(value) : typeName(value);
  fail(`${source} must be a whole number from ${min} to ${max}; got ${came}.`);
}

function flag(name: string, given: unknown, fromEnv: string | undefined, standard: boolean): boolean {
  if (typeof given === 'boolean') return given;
  if (given !== undefined) fail(`${name} must be true or false; got ${typeName(given)}.`);
  if (fromEnv === undefined || fromEnv === '') return standard;
  if (['1', 'true'].includes(fromEnv.toLowerCase())) return true;
  if (['0', 'false'].includes(fromEnv.toLowerCase())) return false;
  fail(`${envName(name)} must be 1, 0, true or false.`);
}

function readToken(name: 'token' | 'experimentToken', given: unknown, fromEnv: string | undefined): string | undefined {
  const token = given ?? (fromEnv || undefined);
  if (token === undefined) return undefined;
  // Never the value: a token must not reach an error report.
  if (typeof token !== 'string') fail(`${name} must be a string; got ${typeName(token)}.`);
  if (token.length < 1 || token.length > MAX_TOKEN_LENGTH) {
    fail(`${name} must have 1–${MAX_TOKEN_LENGTH} characters; got ${token.length}. Copy it from the dashboard.`);
  }
  if (/\s/.test(token)) fail(`${name} contains white space: copy it again from the dashboard.`);
  return token;
}

function readBaseUrl(text: unknown): string {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    fail(`baseUrl must be an http(s) URL such as ${DEFAULT_BASE_URL}.`);
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    fail('baseUrl must have no credentials, query or fragment.');
  }
  return url.href.replace(/\/+$/, '');
}

function readWhenFull(value: unknown): WhenFull {
  if (value === 'drop-newest' || value === 'drop-oldest') return value;
  fail("whenFull must be 'drop-newest' or 'drop-oldest'.");
}
