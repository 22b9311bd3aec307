import { PLATFORM_PREFIX, type Route } from '../http/route.js';

const OLD_PREFIX = '/platform/v1';

/** Redirects from the path that experiments had before the service published its API. */
export function movedRoutes(): Route[] {
  const paths = ['/experiments', '/experiments/:id', '/experiments/:id/:what'];
  return (['GET', 'POST', 'PATCH'] as const).flatMap((method) =>
    paths.map((path) => ({
      method,
      path: OLD_PREFIX + path,
      accepts: 'nothing',
      handle: ({ url }) => ({
        status: 308,
        body: { success: false, error: `this API is now at ${PLATFORM_PREFIX}` },
        headers: { location: PLATFORM_PREFIX + url.pathname.slice(OLD_PREFIX.length) + url.search },
      }),
    })),
  );
}
