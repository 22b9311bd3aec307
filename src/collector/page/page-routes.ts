import type { ExperimentActions } from '../experiments/actions.js';
import type { ExperimentStore } from '../experiments/experiment-store.js';
import type { Route } from '../http/route.js';
import type { Insight } from '../insight.js';
import { createAssets } from './assets.js';
import { experimentRoutes } from './experiment-routes.js';
import { createShowPage, refusalPage, type ShowPage } from './layout.js';
import { eventsQueryOf, livePage } from './live-page.js';
import { liveStream, type Subscribe } from './live-stream.js';
import { EVENTS_PATH, STREAM_PATH } from './paths.js';
import { isFromOwnPage, isOwnHost } from './same-site.js';
import { visitorPage } from './visitor-page.js';

export interface PageOptions {
  readonly insight: Insight;
  readonly experiments: ExperimentStore;
  readonly actions: ExperimentActions;
  /** Also called back, with no numbers, when a row was refused. */
  readonly subscribe: Subscribe;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Everything a browser can ask the collector for. */
export function pageRoutes({ insight, experiments, actions, subscribe, now }: PageOptions): Route[] {
  const assets = createAssets();
  const show = createShowPage(assets);
  const pages: Route[] = [
    {
      method: 'GET',
      path: EVENTS_PATH,
      accepts: 'nothing',
      handle: (request) => livePage(show, insight, request, now()),
    },
    {
      method: 'GET',
      path: STREAM_PATH,
      accepts: 'nothing',
      handle: ({ url }) => liveStream(insight, eventsQueryOf(url), subscribe, now),
    },
    {
      method: 'GET',
      path: '/visitors/:number',
      accepts: 'nothing',
      handle: ({ params }) => visitorPage(show, insight, params.number),
    },
    ...experimentRoutes({ show, insight, experiments, actions, now }),
  ];
  return [...assets.routes, ...pages.map((route) => guarded(show, route))];
}

/** Keeps the web sites a developer visits from reading the pages and from pressing their buttons. */
function guarded(show: ShowPage, route: Route): Route {
  return {
    ...route,
    handle(request) {
      if (!isOwnHost(request.headers.host)) {
        return refusalPage(show, 403, 'Not by this name', 'Open the collector by its address or as localhost.');
      }
      if (route.method !== 'GET' && !isFromOwnPage(request.headers)) {
        return refusalPage(show, 403, 'Not from here', 'Only the collector’s own pages may change anything.');
      }
      return route.handle(request);
    },
  };
}
