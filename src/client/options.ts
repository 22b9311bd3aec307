import type { ExperimentCatalog } from '../assignment/experiment-catalog.js';
import type { Exposures } from '../assignment/exposure-store.js';
import { checkOptionNames, failOption } from '../core/check-option.js';
import type { Logger } from '../core/logger.js';
import type { Outcome, OutcomeInfo } from '../core/outcome.js';
import { typeName } from '../core/refusal.js';
import { DEFAULT_QUEUE_BYTES, DEFAULT_QUEUE_SIZE, type WhenFull } from '../outbox/memory.js';
import type { Outbox } from '../outbox/outbox.js';
import type { EventCatalog } from '../protocol/catalog.js';
import { checkName, type TrackFields } from '../protocol/event.js';
import { DEFAULT_BATCH_BYTES, DEFAULT_BATCH_ROWS, MAX_TOKEN_LENGTH } from '../protocol/limits.js';
import { TEST_TOKEN_PREFIX } from '../protocol/wire.js';
import type { WaitUntil } from '../runtime/wait-until.js';
import type { FetchLike } from '../transport/transport.js';

/** An event as `beforeSend` sees it. */
export interface OutgoingEvent extends TrackFields {
  readonly event: string;
  readonly eventProperties?: object | undefined;
}

/**
 * How a client behaves. What is left out comes from the environment variable named beside it, then from the default.
 */
export interface ClientOptions<
  Catalog extends EventCatalog = EventCatalog,
  Experiments extends ExperimentCatalog = ExperimentCatalog,
> {
  /** The source token. `OURS_TOKEN`. Required unless `disabled`. */
  readonly token?: string | undefined;
  /**
   * The test source's token, `test_…`: with it go the events of visitors whose address or cookie has the same
   * `ours_test_token`. `OURS_TEST_TOKEN`. @default such visitors are like all others
   */
  readonly testToken?: string | undefined;
  /** The token for `assign`, `exp_…`. `OURS_EXPERIMENT_TOKEN`. */
  readonly experimentToken?: string | undefined;
  /** `OURS_BASE_URL`. @default 'https://api.oursprivacy.com/api/v1' */
  readonly baseUrl?: string | undefined;
  /** Your events: name → schema of its properties, any Standard Schema. Without it every name is allowed. */
  readonly events?: Catalog | undefined;
  /** Your experiments: key → names of its variants, as `npx ours-ingest pull` writes them. Without it every key is allowed. */
  readonly experiments?: Experiments | undefined;
  /** Where events wait. @default a memory outbox */
  readonly outbox?: Outbox | undefined;
  /** Events that make a batch, and the most that one may hold. `OURS_FLUSH_AT`. @default 100 */
  readonly flushAt?: number | undefined;
  /** How long an event waits for its batch to fill; the first 200 ms at most. `OURS_FLUSH_INTERVAL_MS`. @default 1000 */
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
  /**
   * Where processes tell each other which exposures they have recorded, so that `assign` records one a session for all of them.
   * @default each process remembers its own
   */
  readonly exposures?: Exposures | undefined;
  /**
   * The most that `assign` waits for `exposures`, within `assignTimeoutMs`. A store that is slower counts as down.
   * `OURS_EXPOSURES_TIMEOUT_MS`. @default 100
   */
  readonly exposuresTimeoutMs?: number | undefined;
  /** Whether this process delivers. With `false` it only appends to the outbox, for a relay elsewhere. @default true */
  readonly relay?: boolean | undefined;
  /** Hears warnings, one an episode. @default the console */
  readonly logger?: Logger | undefined;
  /** Called for every event that ended. What it throws or rejects with is ignored. */
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
  /**
   * Tells through the logger's `debug` what is encoded and sent, by names and sizes, never by values. On Node, Bun and Deno. `OURS_DEBUG`.
   * @default false
   */
  readonly debug?: boolean | undefined;
  /** Accepts everything, sends nothing. `OURS_DISABLED`. @default false */
  readonly disabled?: boolean | undefined;
}

/** Options with every gap filled. */
export interface ResolvedOptions extends ClientOptions {
  /** Empty where there is none because nothing is sent. */
  readonly token: string;
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
  readonly exposuresTimeoutMs: number;
  readonly relay: boolean;
  readonly debug: boolean;
  readonly disabled: boolean;
}

export const DEFAULT_BASE_URL = 'https://api.oursprivacy.com/api/v1';

/** What an option may be, in code and in words, its default, and what to make of its variable's text if it has one. */
type Rule = readonly [
  fits: (value: never) => boolean,
  expected: string,
  standard?: unknown,
  parse?: (text: string) => unknown,
];

const isFunction = (value: unknown): boolean => typeof value === 'function';
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const isFlag = (value: unknown): boolean => typeof value === 'boolean';

const aFunction: Rule = [isFunction, 'a function'];

function isToken(token: unknown): token is string {
  return typeof token === 'string' && token.length <= MAX_TOKEN_LENGTH && /^[^\s"'`]+$/.test(token);
}

function aToken(standard?: string): Rule {
  return [
    isToken,
    `1–${MAX_TOKEN_LENGTH} characters without white space and quotes, as the dashboard shows them (docker --env-file keeps quotes)`,
    standard,
    String,
  ];
}

function aNumber(standard: number, min: number, max: number): Rule {
  const fits = (value: number): boolean => Number.isInteger(value) && value >= min && value <= max;
  return [fits, `a whole number from ${min} to ${max}`, standard, Number];
}

const RULES: { readonly [Option in keyof ClientOptions]-?: Rule } = {
  token: aToken(''),
  testToken: [
    (token: unknown) => isToken(token) && token.startsWith(TEST_TOKEN_PREFIX),
    "a source's test token, test_…",
    undefined,
    String,
  ],
  experimentToken: aToken(),
  baseUrl: [
    (text: unknown) => typeof text === 'string' && URL.canParse(text) && isBaseUrl(new URL(text)),
    `an http(s) URL such as ${DEFAULT_BASE_URL}, without credentials, query or fragment`,
    DEFAULT_BASE_URL,
    String,
  ],
  events: [isObject, 'a map of names to schemas'],
  experiments: [isObject, 'a map of keys to names of variants'],
  outbox: [(outbox: Outbox | null) => isFunction(outbox?.claim), 'an outbox, such as createMemoryOutbox() makes'],
  flushAt: aNumber(DEFAULT_BATCH_ROWS, 1, 10_000),
  flushIntervalMs: aNumber(1_000, 0, 3_600_000),
  maxBatchBytes: aNumber(DEFAULT_BATCH_BYTES, 1_024, 64 * 1024 * 1024),
  maxQueueSize: aNumber(DEFAULT_QUEUE_SIZE, 1, 100_000_000),
  maxQueueBytes: aNumber(DEFAULT_QUEUE_BYTES, 1_024, Number.MAX_SAFE_INTEGER),
  whenFull: [
    (value: unknown) => value === 'drop-newest' || value === 'drop-oldest',
    "'drop-newest' or 'drop-oldest'",
    'drop-newest',
    String,
  ],
  maxRetries: aNumber(10, 0, 1_000),
  concurrency: aNumber(4, 1, 256),
  requestTimeoutMs: aNumber(10_000, 1, 600_000),
  assignTimeoutMs: aNumber(400, 1, 60_000),
  exposures: [(store: Exposures | null) => isFunction(store?.claim), 'a store with claim(key, ttlMs)'],
  exposuresTimeoutMs: aNumber(100, 1, 60_000),
  relay: [isFlag, 'true or false', true],
  logger: [(logger: Logger | null) => isFunction(logger?.warn), 'an object with a method warn(message)'],
  onOutcome: aFunction,
  beforeSend: aFunction,
  waitUntil: aFunction,
  fetch: aFunction,
  debug: [isFlag, 'true or false', false, readFlag],
  disabled: [isFlag, 'true or false', false, readFlag],
};

const OPTION_NAMES: ReadonlySet<string> = new Set(Object.keys(RULES));

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Fills gaps from the environment and defaults. What a caller without types can get wrong is found here, not at the first
 * event.
 * @throws {OursError} `invalid_option`, naming the option and the fix
 */
export function resolveOptions(options: ClientOptions, env: Env): ResolvedOptions {
  if (!isObject(options)) failOption(`createClient takes one object; got ${typeName(options)}.`);
  checkOptionNames('createClient', options, OPTION_NAMES);
  const resolved = {} as { -readonly [Option in keyof ResolvedOptions]: ResolvedOptions[Option] };
  for (const [option, [fits, expected, standard, parse]] of Object.entries(RULES)) {
    const given = options[option as keyof ClientOptions];
    const variable = envName(option);
    // An empty variable counts as none.
    const text = given === undefined ? env[variable] : '';
    const [value, name] = text && parse ? [parse(text), variable] : [given, option];
    if (value !== undefined && !fits(value as never)) {
      // Numbers alone are shown: a token must not reach an error report.
      const came = parse === Number && typeof value === 'number' ? value : typeName(value);
      failOption(`${name} must be ${expected}; got ${came}.`);
    }
    Object.assign(resolved, { [option]: value ?? standard });
  }
  checkTogether(resolved);
  if (resolved.events) checkEvents(resolved.events);
  resolved.baseUrl = new URL(resolved.baseUrl).href.replace(/\/+$/, '');
  return resolved;
}

/** What is wrong though each option is right. */
function checkTogether({ token, experimentToken, disabled, relay, outbox }: ResolvedOptions): void {
  if (!token && !disabled) {
    failOption('token is missing: pass { token } or set OURS_TOKEN (or OURS_DISABLED=1 to send nothing).');
  }
  if (token.startsWith('exp_')) {
    failOption('token is an experiment token (exp_…): pass that as experimentToken and the source token as token.');
  }
  if (token && token === experimentToken) {
    failOption('experimentToken and token are the same: the dashboard has one of each.');
  }
  if (!relay && !outbox?.durable) failOption('relay is false: pass a durable outbox that a relay elsewhere drains.');
}

function checkEvents(events: EventCatalog): void {
  const seen = new Map<string, string>();
  for (const [name, schema] of Object.entries(events)) {
    const folded = name.toLowerCase();
    const namesake = seen.get(folded);
    if (namesake) failOption(`events has '${namesake}' and '${name}', which the service takes for one: drop one.`);
    seen.set(folded, name);
    const refusal = checkName(name);
    if (refusal) failOption(`events has a name that cannot be sent: ${refusal.message}`);
    if (!isFunction(schema?.['~standard']?.validate)) {
      failOption(`events.${name} must be a Standard Schema, such as one of zod; got ${typeName(schema)}.`);
    }
  }
}

function isBaseUrl({ protocol, href, origin, pathname }: URL): boolean {
  return /^https?:$/.test(protocol) && href === origin + pathname;
}

/** 1, 0, true and false, in capitals as well. */
function readFlag(text: string): unknown {
  if (/^(1|true)$/i.test(text)) return true;
  return /^(0|false)$/i.test(text) ? false : text;
}

/** Each option that may come from the environment, and its variable. */
export function optionVariables(): ReadonlyMap<string, string> {
  const rules = Object.entries(RULES).filter(([, [, , , parse]]) => parse !== undefined);
  return new Map(rules.map(([option]) => [option, envName(option)]));
}

/** flushIntervalMs → OURS_FLUSH_INTERVAL_MS */
function envName(option: string): string {
  return `OURS_${option.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}
