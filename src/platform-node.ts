import { createNodePost } from './delivery/node-post.js';
import { createExitDrain } from './exit-drain.js';
import { freezingHost } from './freezing-host.js';
import type { Platform } from './platform.js';
import { fetchPlatform } from './platform-fetch.js';
import { toJsonBytes } from './protocol/json-bytes.js';

/** Node: rows straight into bytes, undici's connections below `fetch`, and one drain when the process runs out of work. */
export const nodePlatform: Platform = {
  ...fetchPlatform,
  serialise: toJsonBytes,
  createPost: ({ requestTimeoutMs, ...options }) =>
    // Connecting ends before the request does: an address that does not answer is then known for what it is.
    createNodePost({ ...options, connectTimeoutMs: Math.min(10_000, requestTimeoutMs * 0.8), env: process.env }),
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
