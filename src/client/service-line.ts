import { type CircuitBreaker, createCircuitBreaker } from '../delivery/circuit-breaker.js';
import { createFetchPost } from '../transport/fetch-post.js';
import { createHttpTransport, type HttpTransport } from '../transport/http-transport.js';
import type { ClientContext } from './context.js';

/** Connects a client to the service: one transport, behind one circuit breaker. */
export function createServiceLine(context: ClientContext): {
  readonly transport: HttpTransport;
  readonly breaker: CircuitBreaker;
} {
  const { options } = context;
  const { baseUrl, concurrency, requestTimeoutMs, fetch } = options;
  // One more socket than senders: assign does not wait behind batches.
  const connections = concurrency + (options.experimentToken === undefined ? 0 : 1);
  const post =
    fetch === undefined
      ? context.createPost({ ...context, baseUrl, connections, requestTimeoutMs })
      : createFetchPost(baseUrl, () => fetch);
  const breaker = createCircuitBreaker({ ...context, concurrency, via: post.via });
  const transport = createHttpTransport({ ...context, post, requestTimeoutMs });
  return { transport, breaker };
}
