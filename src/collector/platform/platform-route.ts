import { type Answer, refuse } from '../http/answer.js';
import { PLATFORM_PREFIX, type Route, type RouteRequest } from '../http/route.js';
import type { CheckScope } from './api-keys.js';

/** A route of the Platform API: its path after the prefix, and the scope that it requires. */
export interface PlatformRoute extends Pick<Route, 'method' | 'path' | 'handle'> {
  readonly scope: string;
}

/** Adds the prefix and the check of the API key to routes. */
export function behindApiKey(routes: readonly PlatformRoute[], checkScope: CheckScope): Route[] {
  return routes.map(({ method, path, scope, handle }) => ({
    method,
    path: PLATFORM_PREFIX + path,
    // Several actions need no body, and some clients then send no content type.
    accepts: method === 'POST' || method === 'PATCH' ? 'optional-json' : 'nothing',
    handle: (request: RouteRequest) => checkScope(scope, request.headers) ?? handle(request),
  }));
}

/** Creates a route. */
export function route(
  method: PlatformRoute['method'],
  path: string,
  scope: string,
  handle: PlatformRoute['handle'],
): PlatformRoute {
  return { method, path, scope, handle };
}

export function ok(body: unknown): Answer {
  return { status: 200, body };
}

export function notFound(what: string): Answer {
  return refuse(404, `there is no such ${what}`);
}

// The range of Date. Open ends of runs are infinite.
const MAX_DATE_MS = 8.64e15;

/** A time as ISO 8601; `null` for none and for an open end. */
export function toIso(time: number = Number.POSITIVE_INFINITY): string | null {
  return Math.abs(time) <= MAX_DATE_MS ? new Date(time).toISOString() : null;
}
