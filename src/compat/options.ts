import type { ClientOptions as OwnOptions } from 'ours-ingest';
import { typeName } from '../core/refusal.js';
import { describeUnknown, fieldNames } from '../core/unknown-names.js';
import type { Outbox } from '../outbox/outbox.js';
import type { FetchLike } from '../transport/transport.js';
import { OursPrivacyError } from './errors.js';

type LogFunction = (message: string, ...rest: unknown[]) => void;

export interface Logger {
  readonly error: LogFunction;
  readonly warn: LogFunction;
  readonly info: LogFunction;
  readonly debug: LogFunction;
}

export type LogLevel = 'off' | 'error' | 'warn' | 'info' | 'debug';

/** The options of the official SDK, and `token`, `experimentToken` and `outbox`. */
export interface ClientOptions {
  /** `OURS_PRIVACY_BASE_URL`, then `OURS_BASE_URL`. @default 'https://api.oursprivacy.com/api/v1' */
  readonly baseURL?: string | null | undefined;
  /** How long a call waits, and the timeout of one request, in milliseconds. @default 10000 */
  readonly timeout?: number | undefined;
  /** Retries of a request that fails while the service accepts others. Events wait for the end of an outage. @default 10 */
  readonly maxRetries?: number | undefined;
  /** Replaces the HTTP client. */
  readonly fetch?: FetchLike | undefined;
  /** @default the console */
  readonly logger?: Logger | undefined;
  /** `OURS_PRIVACY_LOG`. `debug` logs names and sizes, never values. @default 'warn' */
  readonly logLevel?: LogLevel | undefined;
  /**
   * The source token of the calls. With `experimentToken`, events and assignments share one client, which learns the service's
   * clock from the assignment: on a machine whose clock is slow, a purchase right after it counts. `OURS_TOKEN`.
   */
  readonly token?: string | undefined;
  /** The experiment token of the calls, `exp_…`. `OURS_EXPERIMENT_TOKEN`. */
  readonly experimentToken?: string | undefined;
  /** Holds events until they are delivered, and survives a crash. For one source token. @default in memory */
  readonly outbox?: Outbox | undefined;
  /** @deprecated Ignored, with a warning. */
  readonly fetchOptions?: unknown;
  /** @deprecated Ignored, with a warning. */
  readonly defaultHeaders?: unknown;
  /** @deprecated Ignored, with a warning. */
  readonly defaultQuery?: unknown;
}

/** The second argument of a call. */
export interface RequestOptions {
  /** How long this call waits, in milliseconds. @default the client's `timeout` */
  readonly timeout?: number | undefined;
  /** Ends the wait. An event that was tracked is still delivered. */
  readonly signal?: AbortSignal | null | undefined;
  /** @deprecated Ignored, with a warning: set it on the client. */
  readonly maxRetries?: number | undefined;
  /** @deprecated Ignored, with a warning: use `distinctId`. */
  readonly idempotencyKey?: string | undefined;
  /** @deprecated Ignored, with a warning. */
  readonly headers?: unknown;
  /** @deprecated Ignored, with a warning. */
  readonly query?: unknown;
  /** @deprecated Ignored, with a warning. */
  readonly fetchOptions?: unknown;
}

const PROXY_ADVICE = 'proxies are read from HTTPS_PROXY; for anything else pass a fetch that adds it';

/** The options that are ignored, and what to do instead. */
const IGNORED = {
  fetchOptions: PROXY_ADVICE,
  defaultHeaders: 'pass a fetch that adds them',
  defaultQuery: 'pass a fetch that adds it',
} as const;

/** The same for one call. */
const IGNORED_PER_CALL = {
  maxRetries: 'set it on the client',
  idempotencyKey: 'set distinctId, which is what makes an event count once',
  headers: 'events of several calls share a request; pass a fetch that adds them to every request',
  query: 'events of several calls share a request; pass a fetch that adds it to every request',
  fetchOptions: PROXY_ADVICE,
} as const;

const OPTION_NAMES = fieldNames<ClientOptions>({
  baseURL: 1,
  timeout: 1,
  maxRetries: 1,
  fetch: 1,
  logger: 1,
  logLevel: 1,
  token: 1,
  experimentToken: 1,
  outbox: 1,
  fetchOptions: 1,
  defaultHeaders: 1,
  defaultQuery: 1,
});
const CALL_NAMES = fieldNames<RequestOptions>({
  timeout: 1,
  signal: 1,
  maxRetries: 1,
  idempotencyKey: 1,
  headers: 1,
  query: 1,
  fetchOptions: 1,
});

export const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 600_000;
const MAX_RETRIES = 1_000;

/** Options that have been checked. */
export interface Settings {
  readonly timeoutMs: number;
  readonly logLevel: LogLevel;
  readonly logger: Logger;
  /** The options of the clients behind it. */
  readonly own: Pick<OwnOptions, 'baseUrl' | 'requestTimeoutMs' | 'maxRetries' | 'fetch' | 'outbox'>;
  /** The tokens that share a client, if both are known. */
  readonly token: string | undefined;
  readonly experimentToken: string | undefined;
  /** What was ignored, with advice. */
  readonly warnings: readonly string[];
}

/**
 * Checks the options and translates them.
 * @throws OursPrivacyError naming the option and the fix
 */
export function readOptions(options: ClientOptions, env: Readonly<Record<string, string | undefined>>): Settings {
  const { timeout, maxRetries, fetch, logger = console, outbox } = options;
  checkInteger('timeout', timeout, 1, MAX_TIMEOUT_MS);
  checkInteger('maxRetries', maxRetries, 0, MAX_RETRIES);
  if (typeof logger?.warn !== 'function') fail('logger must have a method warn(message), as the console has.');
  const baseUrl = options.baseURL || env.OURS_PRIVACY_BASE_URL || undefined;
  const level = readLevel(options.logLevel || env.OURS_PRIVACY_LOG || 'warn');
  return {
    timeoutMs: timeout ?? DEFAULT_TIMEOUT_MS,
    logger,
    logLevel: level ?? 'warn',
    token: options.token || env.OURS_TOKEN || undefined,
    experimentToken: options.experimentToken || env.OURS_EXPERIMENT_TOKEN || undefined,
    own: { baseUrl, requestTimeoutMs: timeout, maxRetries, fetch, outbox },
    warnings: [
      ...(level === undefined ? [`logLevel must be one of ${LEVELS.join(', ')}; 'warn' is used.`] : []),
      ...ignored('the client', options, IGNORED, OPTION_NAMES),
    ],
  };
}

/** The options of one call that are ignored, with advice. @throws OursPrivacyError for an invalid timeout */
export function checkCall(options: RequestOptions | undefined): string[] {
  if (options === undefined) return [];
  checkInteger('timeout', options.timeout, 1, MAX_TIMEOUT_MS);
  return ignored('a call', options, IGNORED_PER_CALL, CALL_NAMES);
}

function ignored(
  of: string,
  options: object,
  advice: Readonly<Record<string, string>>,
  known: ReadonlySet<string>,
): string[] {
  const given = Object.keys(advice).filter((name) => (options as Record<string, unknown>)[name] !== undefined);
  const unknown = describeUnknown(options, known);
  return [
    ...given.map((name) => `the option ${name} of ${of} is ignored: ${advice[name]}.`),
    ...(unknown === undefined ? [] : [`${of} has an unknown option, which is ignored: ${unknown}.`]),
  ];
}

const LEVELS: readonly LogLevel[] = ['off', 'error', 'warn', 'info', 'debug'];

function readLevel(text: string): LogLevel | undefined {
  return LEVELS.find((level) => level === text);
}

function checkInteger(name: string, value: unknown, min: number, max: number): void {
  if (value === undefined || (Number.isInteger(value) && (value as number) >= min && (value as number) <= max)) return;
  const came = typeof value === 'number' ? value : typeName(value);
  fail(`${name} must be an integer from ${min} to ${max}; got ${came}.`);
}

function fail(message: string): never {
  throw new OursPrivacyError(message);
}
