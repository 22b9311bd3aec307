import type { IncomingHttpHeaders } from 'node:http';
import type { Answer } from './answer.js';
import type { RowFault } from './faults.js';

/** Where the API that clients speak lives below the origin. */
export const API_PREFIX = '/api/v1';

/** Where the Platform API lives below the origin. */
export const PLATFORM_PREFIX = '/rest/v1';

/** One request as a route sees it. */
export interface RouteRequest {
  readonly url: URL;
  /** What stood for the `:names` of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** What was posted, read as the route accepts it; `undefined` where it accepts nothing. */
  readonly body: unknown;
  /** Set while a fault of kind `rows` is at work. */
  readonly rowFault?: RowFault | undefined;
}

/**
 * How a body is read: `json` insists on the content type, `untyped-json` does not (browsers send beacons as plain text),
 * `optional-json` takes no body for `undefined`, and `form` is `application/x-www-form-urlencoded` as a `URLSearchParams`.
 */
export type Accepts = 'json' | 'optional-json' | 'untyped-json' | 'form' | 'nothing';

/** One thing that can be asked for. What `handle` accepts is stored when it returns. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Absolute; `:name` stands for one segment. */
  readonly path: string;
  readonly accepts: Accepts;
  handle(request: RouteRequest): Answer;
}
