import type { Logger } from '../core/logger.js';
import type { HttpPost } from '../transport/http-transport.js';
import type { DebugLog } from './debug-log.js';
import type { LifetimeOptions, ProcessLifetime } from './process-lifetime.js';

/** What a way to the service is made of. */
export interface PostOptions {
  readonly baseUrl: string;
  /** The most sockets. */
  readonly connections: number;
  readonly requestTimeoutMs: number;
  readonly monotonic: () => number;
  readonly logger: Logger;
}

/** What differs between runtimes and what tests replace: time, chance and the way out. */
export interface Platform {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly randomId: () => string;
  /** A row's JSON text in UTF-8. */
  readonly serialise: (row: Readonly<Record<string, unknown>>) => Uint8Array;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The way to the service where no `fetch` was handed in. */
  readonly createPost: (options: PostOptions) => HttpPost;
  /** The host, when it is known to freeze a process as soon as it has answered. */
  readonly serverlessHost: (env: Platform['env']) => string | undefined;
  /** What to do there without `waitUntil`, for the warning. */
  readonly waitUntilAdvice: string;
  /** For the option `debug`; left out where every byte is loaded before a request is answered. */
  readonly createDebugLog?: (logger: Required<Logger>, monotonic: () => number) => DebugLog;
  readonly createLifetime: (options: LifetimeOptions) => ProcessLifetime;
}
