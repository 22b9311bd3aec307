import { createFetchPost } from './delivery/fetch-post.js';
import type { HttpPost } from './delivery/http-transport.js';
import type { FetchLike } from './delivery/transport.js';
import { createUndiciPost } from './delivery/undici-post.js';
import { freezingHost } from './freezing-host.js';
import type { Platform } from './platform.js';
import { fetchPlatform } from './platform-fetch.js';
import { onProcessEnd } from './process-events.js';
import { createProcessLifetime } from './process-lifetime.js';
import { toJsonBytes } from './protocol/json-bytes.js';

/** Node: rows straight into bytes, undici's connections below `fetch`, and a drain when the process runs out of work. */
export const nodePlatform: Platform = {
  ...fetchPlatform,
  serialise: toJsonBytes,
  createPost(baseUrl, connections) {
    const direct = createUndiciPost({ baseUrl, connections, env: process.env });
    const throughFetch = createFetchPost(baseUrl, () => globalThis.fetch as FetchLike);
    const post: HttpPost = (path, body, signal) =>
      (isNodesOwn(globalThis.fetch) ? direct : throughFetch)(path, body, signal);
    post.close = () => direct.close!();
    return post;
  },
  freezingHost,
  remedy: 'pass it, or await client.flush() before answering.',
  createLifetime: (options) => createProcessLifetime(options, onProcessEnd),
};

/** Bun and Deno: their own `fetch`, and the end of the process as Node tells it. */
export const otherProcessPlatform: Platform = { ...fetchPlatform, createLifetime: nodePlatform.createLifetime };

let lastFetch: unknown;
let lastIsOwn = false;

/**
 * Whether `fetch` is the one Node comes with. nock, MSW, tracing tools and Next.js replace it, and going round them would
 * send a test's events to the real service. Node's own tells itself by its source, on 20 to 26.
 */
function isNodesOwn(fetch: unknown): boolean {
  if (fetch !== lastFetch) {
    lastFetch = fetch;
    lastIsOwn = typeof fetch === 'function' && Function.prototype.toString.call(fetch).includes('internal/deps/undici');
  }
  return lastIsOwn;
}
