import { decodeComponent } from '../../core/decode-component.js';
import { type Answer, refuse } from './answer.js';
import type { Route } from './route.js';

/** The route of a request with the values of its `:names`, or a refusal. */
export type Match =
  | { readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly answer: Answer };

/** Finds the route of a method and path. */
export type Router = (method: string, pathname: string) => Match;

/** A router over routes whose paths do not overlap, except that a literal segment takes precedence over a `:name`. */
export function createRouter(routes: readonly Route[]): Router {
  const exact = routes.filter(({ path }) => !path.includes(':'));
  const patterns = [...exact, ...routes.filter((route) => !exact.includes(route))].map((route) => ({
    route,
    segments: route.path.split('/'),
  }));
  return (method, pathname) => {
    const given = pathname.split('/');
    const allowed: string[] = [];
    for (const { route, segments } of patterns) {
      const params = match(segments, given);
      if (params === undefined) continue;
      if (route.method === method) return { route, params };
      allowed.push(route.method);
    }
    if (allowed.length === 0) return { answer: refuse(404, 'unknown path') };
    const allow = [...new Set(allowed)].join(', ');
    return { answer: { ...refuse(405, `this path only supports ${allow}`), headers: { allow } } };
  };
}

function match(segments: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  if (segments.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, segment] of segments.entries()) {
    if (!segment.startsWith(':')) {
      if (segment !== given[at]) return undefined;
      continue;
    }
    const value = decodeComponent(given[at]!);
    if (!value) return undefined;
    params[segment.slice(1)] = value;
  }
  return params;
}
