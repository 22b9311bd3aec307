import type { WarnOnce } from '../core/logger.js';
import { type CircuitBreaker, createCircuitBreaker } from '../delivery/circuit-breaker.js';
import type { DebugLog } from '../runtime/debug-log.js';
import type { Platform, PostOptions } from '../runtime/platform.js';
import type { SkewedClock } from '../transport/clock.js';
import { createFetchPost } from '../transport/fetch-post.js';
import { createHttpTransport, type HttpTransport } from '../transport/http-transport.js';
import type { ResolvedOptions } from './options.js';

export interface ServiceLineOptions {
  readonly options: ResolvedOptions;
  readonly platform: Platform;
  readonly logger: PostOptions['logger'];
  readonly warnings: WarnOnce;
  readonly clock: SkewedClock;
  readonly debug: DebugLog | undefined;
}

/** Connects a client to the service: one transport, behind one circuit breaker. */
export function createServiceLine({ options, platform, logger, warnings, clock, debug }: ServiceLineOptions): {
  readonly transport: HttpTransport;
  readonly breaker: CircuitBreaker;
} {
  const { baseUrl, concurrency, requestTimeoutMs, fetch } = options;
  const { monotonic, random } = platform;
  // One more socket than senders: assign does not wait behind batches.
  const connections = concurrency + (options.experimentToken === undefined ? 0 : 1);
  const post =
    fetch === undefined
      ? platform.createPost({ baseUrl, connections, requestTimeoutMs, monotonic, logger })
      : createFetchPost(baseUrl, () => fetch);
  const breaker = createCircuitBreaker({ concurrency, monotonic, random, warnings, via: post.via });
  const transport = createHttpTransport({ post: debug?.post(post) ?? post, requestTimeoutMs, clock, monotonic });
  return { transport, breaker: debug?.breaker(breaker) ?? breaker };
}
