import type { FlushOptions, Totals } from 'ours-ingest';
import { createCalls } from './calls.js';
import { type ClientPool, createClientPool } from './client-pool.js';
import * as errors from './errors.js';
import { Batch, Track, Visitor } from './events.js';
import { Experiments } from './experiments.js';
import {
  type ClientOptions,
  DEFAULT_TIMEOUT_MS,
  type Logger,
  type LogLevel,
  type RequestOptions,
  readOptions,
  type Settings,
} from './options.js';
import type {
  BatchCreateParams,
  BatchCreateResponse,
  ExperimentAssignmentParams,
  ExperimentAssignmentResponse,
  ExperimentPersonalizationParams,
  ExperimentPersonalizationResponse,
  TrackEventParams,
  TrackEventResponse,
  VisitorUpsertParams,
  VisitorUpsertResponse,
} from './params.js';

/** The clients of some options. Clients made by `withOptions` share them where their options are the same. */
interface SharedPool {
  readonly settings: Settings;
  readonly pool: ClientPool;
}

const SHARED: unique symbol = Symbol('shared');

/**
 * The client of `@oursprivacy/server-sdk`, with batching, retries and outboxes behind its calls.
 *
 * @example
 * import OursPrivacy from 'ours-ingest/compat';
 * const client = new OursPrivacy();
 * await client.track.event({ token, event: 'purchase', userId, distinctId: `purchase:${order.id}` });
 */
export class OursPrivacy {
  static readonly OursPrivacy: typeof OursPrivacy = OursPrivacy;
  static readonly DEFAULT_TIMEOUT: number = DEFAULT_TIMEOUT_MS;
  static readonly OursPrivacyError: typeof errors.OursPrivacyError = errors.OursPrivacyError;
  static readonly APIError: typeof errors.APIError = errors.APIError;
  static readonly APIConnectionError: typeof errors.APIConnectionError = errors.APIConnectionError;
  static readonly APIConnectionTimeoutError: typeof errors.APIConnectionTimeoutError = errors.APIConnectionTimeoutError;
  static readonly APIUserAbortError: typeof errors.APIUserAbortError = errors.APIUserAbortError;
  static readonly NotFoundError: typeof errors.NotFoundError = errors.NotFoundError;
  static readonly ConflictError: typeof errors.ConflictError = errors.ConflictError;
  static readonly RateLimitError: typeof errors.RateLimitError = errors.RateLimitError;
  static readonly BadRequestError: typeof errors.BadRequestError = errors.BadRequestError;
  static readonly AuthenticationError: typeof errors.AuthenticationError = errors.AuthenticationError;
  static readonly InternalServerError: typeof errors.InternalServerError = errors.InternalServerError;
  static readonly PermissionDeniedError: typeof errors.PermissionDeniedError = errors.PermissionDeniedError;
  static readonly UnprocessableEntityError: typeof errors.UnprocessableEntityError = errors.UnprocessableEntityError;
  static readonly Batch: typeof Batch = Batch;
  static readonly Track: typeof Track = Track;
  static readonly Visitor: typeof Visitor = Visitor;
  static readonly Experiments: typeof Experiments = Experiments;

  readonly track: Track;
  readonly visitor: Visitor;
  readonly batch: Batch;
  readonly experiments: Experiments;
  readonly timeout: number;
  readonly logger: Logger;
  readonly logLevel: LogLevel;
  readonly #options: ClientOptions;
  readonly #shared: SharedPool[];
  readonly #pool: ClientPool;

  /** @throws {OursPrivacyError} for an invalid option */
  constructor(options: ClientOptions = {}) {
    const { [SHARED]: shared = [], ...given } = (options ?? {}) as ClientOptions & { readonly [SHARED]?: SharedPool[] };
    const settings = readOptions(given, environment());
    this.timeout = settings.timeoutMs;
    this.logger = settings.logger;
    this.logLevel = settings.logLevel;
    this.#options = given;
    this.#shared = shared;
    this.#pool = sharedPool(shared, settings);
    for (const warning of settings.warnings) this.#pool.warnOnce(warning);
    const calls = createCalls(this.#pool, settings.timeoutMs);
    this.track = new Track(calls);
    this.visitor = new Visitor(calls);
    this.batch = new Batch(calls);
    this.experiments = new Experiments(calls);
  }

  /** A client with other options. It shares queues and connections with this one unless `baseURL`, `maxRetries`, `fetch`, `outbox`, the tokens or the logging differ. */
  withOptions(options: Partial<ClientOptions>): OursPrivacy {
    const all: ClientOptions & { readonly [SHARED]: SharedPool[] } = {
      ...this.#options,
      ...options,
      [SHARED]: this.#shared,
    };
    return new OursPrivacy(all);
  }

  /** Sends everything that was tracked before this call. Await it before a function is frozen. */
  async flush(options?: FlushOptions): Promise<Totals> {
    return this.#pool.flush(options);
  }

  /** Flushes, and closes sockets and timers. Later calls fail. */
  async close(options?: FlushOptions): Promise<Totals> {
    return this.#pool.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @deprecated Always rejects. */
  request(): Promise<never> {
    return noRequests('request');
  }

  /** @deprecated Always rejects. */
  get(): Promise<never> {
    return noRequests('get');
  }

  /** @deprecated Always rejects. */
  post(): Promise<never> {
    return noRequests('post');
  }

  /** @deprecated Always rejects. */
  put(): Promise<never> {
    return noRequests('put');
  }

  /** @deprecated Always rejects. */
  patch(): Promise<never> {
    return noRequests('patch');
  }

  /** @deprecated Always rejects. */
  delete(): Promise<never> {
    return noRequests('delete');
  }
}

/** Undocumented endpoints have no counterpart. */
function noRequests(method: string): Promise<never> {
  return Promise.reject(
    new errors.OursPrivacyError(
      `${method}() has no counterpart: use track.event, visitor.upsert, batch.create or experiments, and fetch for any other endpoint.`,
    ),
  );
}

function sharedPool(shared: SharedPool[], settings: Settings): ClientPool {
  const found = shared.find((one) => isSame(one.settings, settings));
  if (found !== undefined) return found.pool;
  const pool = createClientPool(settings);
  shared.push({ settings, pool });
  return pool;
}

/** Whether two clients may share their connections. The timeout belongs to the call. */
function isSame(one: Settings, other: Settings): boolean {
  return (
    one.own.baseUrl === other.own.baseUrl &&
    one.own.maxRetries === other.own.maxRetries &&
    one.own.fetch === other.own.fetch &&
    one.own.outbox === other.own.outbox &&
    one.token === other.token &&
    one.experimentToken === other.experimentToken &&
    one.logger === other.logger &&
    one.logLevel === other.logLevel
  );
}

/** Workers may have no `process`. */
function environment(): Readonly<Record<string, string | undefined>> {
  const { process } = globalThis as { readonly process?: { readonly env?: Record<string, string | undefined> } };
  return process?.env ?? {};
}

export declare namespace OursPrivacy {
  export type {
    BatchCreateParams,
    BatchCreateResponse,
    ClientOptions,
    ExperimentAssignmentParams,
    ExperimentAssignmentResponse,
    ExperimentPersonalizationParams,
    ExperimentPersonalizationResponse,
    RequestOptions,
    TrackEventParams,
    TrackEventResponse,
    VisitorUpsertParams,
    VisitorUpsertResponse,
  };
}
