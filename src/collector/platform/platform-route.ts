import { type Answer, refuse } from '../http/answer.js';
import { PLATFORM_PREFIX, type Route, type RouteRequest } from '../http/route.js';
import type { CheckScope } from './api-keys.js';

/** One route of the Platform API: its path below the prefix, and the scope that a key needs for it. */
export interface PlatformRoute extends Pick<Route, 'method' | 'path' | 'handle'> {
  readonly scope: string;
}

/** Puts routes below the prefix and the API key before what they do. */
export function behindApiKey(routes: readonly PlatformRoute[], checkScope: CheckScope): Route[] {
  return routes.map(({ method, path, scope, handle }) => ({
    method,
    path: PLATFORM_PREFIX + path,
    // Several actions may be asked for without a body, and some clients then send no content type.
    accepts: method === 'POST' || method === 'PATCH' ? 'optional-json' : 'nothing',
    handle: (request: RouteRequest) => checkScope(scope, request.headers) ?? handle(request),
  }));
}

export function ok(body: unknown): Answer {
  return { status: 200, body };
}

export function notFound(what: string): Answer {
  return refuse(404, `there is no such ${what}`);
}
