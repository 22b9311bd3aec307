import type { Logger } from '../core/logger.js';
import type { RowWriter } from '../protocol/row-writer.js';
import type { HttpPost } from '../transport/http-transport.js';
import type { DebugLog } from './debug-log.js';
import type { LifetimeOptions, ProcessLifetime } from './process-lifetime.js';

/** The options of a connection to the service. */
export interface PostOptions {
  readonly baseUrl: string;
  /** The maximum number of sockets. */
  readonly connections: number;
  readonly requestTimeoutMs: number;
  readonly monotonic: () => number;
  readonly logger: Logger;
}

/** The parts that differ between runtimes and that tests replace: time, randomness and the network. */
export interface Platform {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly randomId: () => string;
  readonly openRow: () => RowWriter;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Connects to the service, unless the user passed a `fetch`. */
  readonly createPost: (options: PostOptions) => HttpPost;
  /** The name of a host that is known to freeze the process after each response. */
  readonly serverlessHost: (env: Platform['env']) => string | undefined;
  /** What to do on such a host without `waitUntil`, for the warning. */
  readonly waitUntilAdvice: string;
  /** For the option `debug`. Left out where bundle size matters. */
  readonly createDebugLog?: (logger: Required<Logger>, monotonic: () => number) => DebugLog;
  readonly createLifetime: (options: LifetimeOptions) => ProcessLifetime;
}
