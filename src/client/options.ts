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

/** Why a guard refuses an event. The message names the field, never the value. */
export interface GuardRefusal {
  readonly refused: string;
  /** Whether the event's name or id is the reason: neither is repeated in a message or an outcome then. @default false */
  readonly isName?: boolean | undefined;
  /** Whether the event is too long to look through: its outcome is `event_too_large`, like without a guard. @default false */
  readonly isTooLarge?: boolean | undefined;
}

/** Sees every event after `beforeSend`. Returns the event to send, or why it is refused. `ours-ingest/privacy` creates one. */
export type Guard = (event: OutgoingEvent) => OutgoingEvent | GuardRefusal;

/** The options of a client. A missing option is read from its environment variable, then from its default. */
export interface ClientOptions<
  Catalog extends EventCatalog = EventCatalog,
  Experiments extends ExperimentCatalog = ExperimentCatalog,
> {
  /** The source token. `OURS_TOKEN`. Required unless `disabled`. */
  readonly token?: string | undefined;
  /**
   * The token of the test source, `test_…`. Events of visitors whose address or cookie has the same `ours_test_token` are sent
   * with it. `OURS_TEST_TOKEN`. @default such visitors are like all others
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
  /** The outbox that holds events until they are delivered. @default a memory outbox */
  readonly outbox?: Outbox | undefined;
  /** The size of a full batch, in events, and its maximum. `OURS_FLUSH_AT`. @default 100 */
  readonly flushAt?: number | undefined;
  /** How long an event waits for its batch to fill; the first event at most 200 ms. `OURS_FLUSH_INTERVAL_MS`. @default 1000 */
  readonly flushIntervalMs?: number | undefined;
  /** The maximum size of one request, in UTF-8 bytes. `OURS_MAX_BATCH_BYTES`. @default 524288 */
  readonly maxBatchBytes?: number | undefined;
  /** The maximum number of events in the memory outbox, including those being sent. `OURS_MAX_QUEUE_SIZE`. @default 100000 */
  readonly maxQueueSize?: number | undefined;
  /** The maximum size of the memory outbox, in bytes. `OURS_MAX_QUEUE_BYTES`. @default 67108864 */
  readonly maxQueueBytes?: number | undefined;
  /** Which event is dropped when the memory outbox is full. `OURS_WHEN_FULL`. @default 'drop-newest' */
  readonly whenFull?: WhenFull | undefined;
  /**
   * Retries of a request that fails while the service accepts others. An outage does not count: events wait until it ends.
   * `OURS_MAX_RETRIES`. @default 10
   */
  readonly maxRetries?: number | undefined;
  /** Concurrent batches, each on its own socket; `assign` has one more. `OURS_CONCURRENCY`. @default 4 */
  readonly concurrency?: number | undefined;
  /** The timeout of one request, from its connection to the end of the response. `OURS_REQUEST_TIMEOUT_MS`. @default 10000 */
  readonly requestTimeoutMs?: number | undefined;
  /** How long `assign` waits before it falls back. `OURS_ASSIGN_TIMEOUT_MS`. @default 400 */
  readonly assignTimeoutMs?: number | undefined;
  /**
   * Shares the recorded exposures between processes, so that `assign` records one exposure per session for all of them.
   * @default each process remembers its own exposures
   */
  readonly exposures?: Exposures | undefined;
  /**
   * How long `assign` waits for `exposures`, within `assignTimeoutMs`. A slower store counts as down.
   * `OURS_EXPOSURES_TIMEOUT_MS`. @default 100
   */
  readonly exposuresTimeoutMs?: number | undefined;
  /** Whether this process delivers. With `false` it only appends to the outbox, and a relay elsewhere delivers. @default true */
  readonly relay?: boolean | undefined;
  /** Receives warnings. Each problem is logged once, not once per event. @default the console */
  readonly logger?: Logger | undefined;
  /** Called with the outcome of every event. Its errors are ignored. */
  readonly onOutcome?: ((outcome: Outcome, info: OutcomeInfo) => void) | undefined;
  /**
   * Called with every event before it is encoded; an identify is named `$identify`. Returns that event, another one, or `null` to
   * drop it. Must be synchronous. It may change the event and its maps, which are copies; deeper values are the application's own.
   */
  readonly beforeSend?: ((event: OutgoingEvent) => OutgoingEvent | null) | undefined;
  /** Keeps personal values from being sent: `createGuard` of `ours-ingest/privacy`. @default none */
  readonly guard?: Guard | undefined;
  /** Called with a promise of the delivery when events were tracked. @default provided by an adapter, or detected on Vercel */
  readonly waitUntil?: WaitUntil | undefined;
  /** Replaces the HTTP client. @default undici on Node, the global `fetch` elsewhere and where it was replaced */
  readonly fetch?: FetchLike | undefined;
  /**
   * Logs through `logger.debug` what is encoded and sent: names and sizes, never values. On Node, Bun and Deno. `OURS_DEBUG`.
   * @default false
   */
  readonly debug?: boolean | undefined;
  /** Accepts everything, sends nothing. `OURS_DISABLED`. @default false */
  readonly disabled?: boolean | undefined;
}

/** Options with all defaults applied. */
export interface ResolvedOptions extends ClientOptions {
  /** Empty if the client is disabled and has no token. */
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

/** The check of an option, in code and in words, its default, and the parser of its environment variable. */
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
  return [fits, `an integer from ${min} to ${max}`, standard, Number];
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
  outbox: [(outbox: Outbox | null) => isFunction(outbox?.claim), 'an outbox, such as createMemoryOutbox()'],
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
  guard: aFunction,
  waitUntil: aFunction,
  fetch: aFunction,
  debug: [isFlag, 'true or false', false, readFlag],
  disabled: [isFlag, 'true or false', false, readFlag],
};

const OPTION_NAMES: ReadonlySet<string> = new Set(Object.keys(RULES));

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Applies the environment and the defaults, and checks each option, so that mistakes show before the first event.
 * @throws {OursError} `invalid_option`, naming the option and the fix
 */
export function resolveOptions(options: ClientOptions, env: Env): ResolvedOptions {
  if (!isObject(options)) failOption(`createClient takes one object; got ${typeName(options)}.`);
  checkOptionNames('createClient', options, OPTION_NAMES);
  const resolved = {} as { -readonly [Option in keyof ResolvedOptions]: ResolvedOptions[Option] };
  for (const [option, [fits, expected, standard, parse]] of Object.entries(RULES)) {
    const given = options[option as keyof ClientOptions];
    const variable = envName(option);
    // An empty variable counts as unset.
    const text = given === undefined ? env[variable] : '';
    const [value, name] = text && parse ? [parse(text), variable] : [given, option];
    if (value !== undefined && !fits(value as never)) {
      // Only numbers are shown: a token must not reach an error report.
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

/** Checks options that are valid alone and contradict each other. */
function checkTogether({ token, experimentToken, disabled, relay, outbox }: ResolvedOptions): void {
  if (!token && !disabled) {
    failOption('token is missing: pass { token } or set OURS_TOKEN (or OURS_DISABLED=1 to send nothing).');
  }
  if (token.startsWith('exp_')) {
    failOption('token is an experiment token (exp_…): pass it as experimentToken, and the source token as token.');
  }
  if (token && token === experimentToken) {
    failOption('experimentToken and token are the same: the dashboard shows both.');
  }
  if (!relay && !outbox?.durable) failOption('relay is false: pass a durable outbox that a relay elsewhere drains.');
}

function checkEvents(events: EventCatalog): void {
  const seen = new Map<string, string>();
  for (const [name, schema] of Object.entries(events)) {
    const folded = name.toLowerCase();
    const namesake = seen.get(folded);
    if (namesake) failOption(`events has '${namesake}' and '${name}', one name to the service: remove one.`);
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

/** Each option that may come from the environment, with its variable. */
export function optionVariables(): ReadonlyMap<string, string> {
  const rules = Object.entries(RULES).filter(([, [, , , parse]]) => parse !== undefined);
  return new Map(rules.map(([option]) => [option, envName(option)]));
}

/** flushIntervalMs → OURS_FLUSH_INTERVAL_MS */
function envName(option: string): string {
  return `OURS_${option.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}
