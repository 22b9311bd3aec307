import { type CircuitBreaker, createCircuitBreaker } from '../delivery/circuit-breaker.js';
import { createFetchPost } from '../transport/fetch-post.js';
import { createHttpTransport, type HttpTransport } from '../transport/http-transport.js';
import type { ClientContext } from './context.js';

/** Connects a client to the service: one transport, behind one circuit breaker. */
export function createServiceLine({ options, platform, logger, warnings, clock, debug }: ClientContext): {
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
