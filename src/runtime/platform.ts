import type { Logger } from '../core/logger.js';
import type { RowWriter } from '../protocol/row-writer.js';
import type { Observer } from '../telemetry/observer.js';
import type { HttpPost } from '../transport/http-transport.js';
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

export interface ObserverOptions {
  /** Names the client in messages. */
  readonly client: string;
  /** The service's host, with a port if the address has one. */
  readonly host: string;
  /** Receives the lines of the debug log. */
  readonly debug: ((line: string) => void) | undefined;
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
  readonly openRow: (maxBytes: number) => RowWriter;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Connects to the service, unless the user passed a `fetch`. */
  readonly createPost: (options: PostOptions) => HttpPost;
  /** The name of a host that is known to freeze the process after each response. */
  readonly serverlessHost: (env: Platform['env']) => string | undefined;
  /** What to do on such a host without `waitUntil`, for the warning. */
  readonly waitUntilAdvice: string;
  /** Left out where bundle size matters. */
  readonly createObserver?: (options: ObserverOptions) => Observer;
  readonly createLifetime: (options: LifetimeOptions) => ProcessLifetime;
}
