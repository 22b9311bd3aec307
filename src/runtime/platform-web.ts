import { randomId } from '../core/random-id.js';
import { openJsonRow } from '../protocol/json-row.js';
import { createFetchPost } from '../transport/fetch-post.js';
import type { FetchLike } from '../transport/transport.js';
import type { Platform } from './platform.js';

const globals = globalThis as { readonly navigator?: { readonly userAgent?: string } };

/** Any runtime with web APIs: Workers, Edge functions. */
export const webPlatform: Platform = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  randomId: () => randomId(Date.now()),
  openRow: openJsonRow,
  env: globalThis.process?.env ?? {},
  // Looked up for each request, because tools may replace it at any time.
  createPost: ({ baseUrl }) => createFetchPost(baseUrl, () => globalThis.fetch as FetchLike),
  // https://developers.cloudflare.com/workers/runtime-apis/web-standards/#navigatoruseragent
  serverlessHost: () => (globals.navigator?.userAgent === 'Cloudflare-Workers' ? 'Cloudflare Workers' : undefined),
  // One request cannot flush a client that several requests share.
  waitUntilAdvice: 'put an adapter around the route, or pass it to a client of each request.',
  // Workers and Edge functions have no process exit.
  createLifetime: () => ({ ref() {}, unref() {}, hold: (wait) => wait }),
};
