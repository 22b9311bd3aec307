import { createFetchPost } from './delivery/fetch-post.js';
import type { HttpPost } from './delivery/http-transport.js';
import type { FetchLike } from './delivery/transport.js';
import { createUndiciPost } from './delivery/undici-post.js';
import { createExitDrain } from './exit-drain.js';
import { freezingHost } from './freezing-host.js';
import type { Platform } from './platform.js';
import { fetchPlatform } from './platform-fetch.js';
import { toJsonBytes } from './protocol/json-bytes.js';

/** Node: rows straight into bytes, undici's connections below `fetch`, and one drain when the process runs out of work. */
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
  createExitDrain: (options) => createExitDrain(options, onIdleExit),
};

// One listener for all clients: Node warns from the eleventh on.
const drains = new Set<() => Promise<unknown>>();

function onIdleExit(drain: () => Promise<unknown>): () => void {
  drains.add(drain);
  if (drains.size === 1) process.on('beforeExit', drainAll);
  return () => {
    drains.delete(drain);
    if (drains.size === 0) process.off('beforeExit', drainAll);
  };
}

function drainAll(): void {
  for (const drain of drains) void drain();
}

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
