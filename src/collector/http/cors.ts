import type { IncomingHttpHeaders } from 'node:http';
import { PATHS } from '../../protocol/wire.js';
import type { Answer } from './answer.js';
import { INGEST_PATH } from './browser-ingest.js';
import { EXPERIMENT_INIT_PATH } from './experiment-init.js';
import { OPENAPI_PATH } from './openapi.js';
import { API_PREFIX } from './route.js';

// The paths that the service opens to pages of any site. All others are closed: a developer who runs the collector also visits
// other sites, which must not read collected data or stop an experiment.
const OPEN_PATHS = [
  INGEST_PATH,
  EXPERIMENT_INIT_PATH,
  OPENAPI_PATH,
  ...Object.values(PATHS).map((path) => `${API_PREFIX}${path}`),
];

// How long browsers cache a preflight; their maximum is two hours.
const PREFLIGHT_MAX_AGE_SECONDS = 7_200;

/** Returns whether pages of other origins may call this path. A path that ends with a slash includes one more segment. */
function isOpen(path: string): boolean {
  return OPEN_PATHS.some((open) =>
    open.endsWith('/') ? path.startsWith(open) && !path.includes('/', open.length) : path === open,
  );
}

/**
 * The headers that let a page of `origin` read the answer for `path`, whatever its status: a page that cannot read a refusal
 * assumes a network failure and retries. None for closed paths.
 */
export function corsHeaders(path: string, origin: string | undefined): Readonly<Record<string, string>> {
  if (!isOpen(path)) return {};
  // Also without an origin: a cache must not return this answer to a page with an origin.
  if (origin === undefined) return { vary: 'Origin' };
  // The browser SDK sends credentials, for which browsers do not accept `*`.
  return { vary: 'Origin', 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' };
}

/** The answer to a preflight; `undefined` for other `OPTIONS` requests and for closed paths. */
export function answerPreflight(path: string, headers: IncomingHttpHeaders): Answer | undefined {
  const { origin, 'access-control-request-method': method } = headers;
  if (origin === undefined || method === undefined || !isOpen(path)) return undefined;
  return {
    status: 200,
    body: '',
    headers: {
      ...corsHeaders(path, origin),
      'content-type': 'text/plain',
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'content-type',
      'access-control-max-age': String(PREFLIGHT_MAX_AGE_SECONDS),
    },
  };
}
