import { bulkRandomId } from '../core/bulk-random-id.js';
import { openByteRow } from '../protocol/json-bytes.js';
import { createChannels } from '../telemetry/channels.js';
import { withDebugLog } from '../telemetry/debug-log.js';
import type { Observer } from '../telemetry/observer.js';
import { createNodePost } from '../transport/node-post.js';
import type { ObserverOptions, Platform } from './platform.js';
import { webPlatform } from './platform-web.js';
import { processEnd } from './process-events.js';
import { createProcessLifetime } from './process-lifetime.js';
import { serverlessHost } from './serverless-host.js';

/** Node: writes rows straight into bytes, uses undici below `fetch`, and drains before the process exits. */
export const nodePlatform: Platform = {
  ...webPlatform,
  randomId: () => bulkRandomId(Date.now()),
  openRow: openByteRow,
  createPost: ({ requestTimeoutMs, ...options }) =>
    // Connecting times out before the request, so that an unreachable address is reported as one.
    createNodePost({ ...options, connectTimeoutMs: Math.min(10_000, requestTimeoutMs * 0.8), env: process.env }),
  serverlessHost,
  waitUntilAdvice: 'pass it, or await client.flush() before answering.',
  createObserver,
  createLifetime: (options) => createProcessLifetime(options, processEnd),
};

/** Bun and Deno: their own `fetch`, and the process events of Node. */
export const otherProcessPlatform: Platform = {
  ...webPlatform,
  createObserver,
  createLifetime: nodePlatform.createLifetime,
};

function createObserver({ client, host, debug }: ObserverOptions): Observer {
  const channels = createChannels(client, host);
  return debug === undefined ? channels : withDebugLog(channels, debug);
}
