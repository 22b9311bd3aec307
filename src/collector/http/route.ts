import type { IncomingHttpHeaders } from 'node:http';
import type { Answer } from './answer.js';
import type { RowFault } from './faults.js';

/** The path of the API for clients. */
export const API_PREFIX = '/api/v1';

/** The path of the Platform API. */
export const PLATFORM_PREFIX = '/rest/v1';

/** A request, for a route. */
export interface RouteRequest {
  readonly url: URL;
  /** The decoded values of the path's `:names`. */
  readonly params: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** The body, parsed as the route accepts it; `undefined` if it accepts none. */
  readonly body: unknown;
  /** Set by a fault of kind `rows`. */
  readonly rowFault?: RowFault | undefined;
}

/**
 * How a body is read: `json` requires the content type, `untyped-json` does not (browsers send beacons as plain text),
 * `optional-json` reads an empty body as `undefined`, and `form` reads `application/x-www-form-urlencoded` as `URLSearchParams`.
 */
export type Accepts = 'json' | 'optional-json' | 'untyped-json' | 'form' | 'nothing';

/** A route. Accepted data is stored when `handle` returns. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Absolute; `:name` matches one segment. */
  readonly path: string;
  readonly accepts: Accepts;
  handle(request: RouteRequest): Answer;
}

/** Creates a GET route. */
export function get(path: string, handle: Route['handle']): Route {
  return { method: 'GET', path, accepts: 'nothing', handle };
}

/** Creates a route for a form that is posted. */
export function postForm(path: string, handle: (request: RouteRequest, form: URLSearchParams) => Answer): Route {
  return {
    method: 'POST',
    path,
    accepts: 'form',
    handle: (request) =>
      handle(request, request.body instanceof URLSearchParams ? request.body : new URLSearchParams()),
  };
}
