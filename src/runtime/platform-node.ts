import { toJsonBytes } from '../protocol/json-bytes.js';
import { createNodePost } from '../transport/node-post.js';
import { createDebugLog } from './debug-log.js';
import type { Platform } from './platform.js';
import { webPlatform } from './platform-web.js';
import { onProcessEnd } from './process-events.js';
import { createProcessLifetime } from './process-lifetime.js';
import { serverlessHost } from './serverless-host.js';

/** Node: rows straight into bytes, undici's connections below `fetch`, and a drain when the process runs out of work. */
export const nodePlatform: Platform = {
  ...webPlatform,
  serialise: toJsonBytes,
  createPost: ({ requestTimeoutMs, ...options }) =>
    // Connecting ends before the request does: an address that does not answer is then known for what it is.
    createNodePost({ ...options, connectTimeoutMs: Math.min(10_000, requestTimeoutMs * 0.8), env: process.env }),
  serverlessHost: serverlessHost,
  waitUntilAdvice: 'pass it, or await client.flush() before answering.',
  createDebugLog,
  createLifetime: (options) => createProcessLifetime(options, onProcessEnd),
};

/** Bun and Deno: their own `fetch`, and the end of the process as Node tells it. */
export const otherProcessPlatform: Platform = {
  ...webPlatform,
  createDebugLog,
  createLifetime: nodePlatform.createLifetime,
};
