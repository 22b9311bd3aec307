import type { IncomingHttpHeaders } from 'node:http';
import { PATHS } from '../../protocol/wire.js';
import type { Answer } from './answer.js';
import { INGEST_PATH } from './browser-ingest.js';
import { EXPERIMENT_INIT_PATH } from './experiment-init.js';
import { OPENAPI_PATH } from './openapi.js';
import { API_PREFIX } from './route.js';

// What the service lets any site's pages call. Nothing else is open: whoever has the collector running also looks at other
// sites, and none of those shall read what was collected or stop an experiment.
const OPEN_PATHS = [
  INGEST_PATH,
  EXPERIMENT_INIT_PATH,
  OPENAPI_PATH,
  ...Object.values(PATHS).map((path) => `${API_PREFIX}${path}`),
];

// For how long a browser need not ask again; it may keep it for two hours at most.
const PREFLIGHT_MAX_AGE_SECONDS = 7_200;

/** Whether pages of other origins may call this path; one that ends with a slash stands for those one segment below. */
function isOpen(path: string): boolean {
  return OPEN_PATHS.some((open) =>
    open.endsWith('/') ? path.startsWith(open) && !path.includes('/', open.length) : path === open,
  );
}

/**
 * The headers that let a page of `origin` read the answer to a request for `path`, whatever its status: a page that cannot read
 * a refusal takes it for a dead network and tries again. None where other origins have no business.
 */
export function corsHeaders(path: string, origin: string | undefined): Readonly<Record<string, string>> {
  if (!isOpen(path)) return {};
  // Also without an origin: a cache must not hand that answer to a page that has one.
  if (origin === undefined) return { vary: 'Origin' };
  // The browser SDK sends with credentials, and for those browsers do not take `*`.
  return { vary: 'Origin', 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' };
}

/** The answer to an `OPTIONS` request, `undefined` where it is no preflight or other origins have no business. */
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
