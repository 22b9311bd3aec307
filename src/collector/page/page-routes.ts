import type { ExperimentActions } from '../experiments/actions.js';
import type { ExperimentStore } from '../experiments/experiment-store.js';
import type { Route } from '../http/route.js';
import type { Insight } from '../insight.js';
import { createAssets } from './assets.js';
import { confirmClearPage } from './confirm-page.js';
import { experimentRoutes } from './experiment-routes.js';
import { createShowPage, redirect } from './layout.js';
import { eventsQueryOf, livePage } from './live-page.js';
import { liveStream, type Subscribe } from './live-stream.js';
import { CLEAR_PATH, EVENTS_PATH, STREAM_PATH } from './paths.js';
import { visitorPage } from './visitor-page.js';

export interface PageOptions {
  readonly insight: Insight;
  readonly experiments: ExperimentStore;
  readonly actions: ExperimentActions;
  /** Also called back, with no numbers, when a row was refused. */
  readonly subscribe: Subscribe;
  /** Forgets every event, visitor and refused row. */
  readonly clear: () => void;
  /** The source token to show in an example; `undefined` where only the reader's own is taken. */
  readonly exampleToken?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Everything a browser can ask the collector for. */
export function pageRoutes(options: PageOptions): Route[] {
  const { insight, experiments, actions, subscribe, clear, exampleToken, now } = options;
  const assets = createAssets();
  const show = createShowPage(assets);
  return [
    ...assets.routes,
    {
      method: 'GET',
      path: EVENTS_PATH,
      accepts: 'nothing',
      handle: (request) => livePage(show, insight, request, { now: now(), exampleToken }),
    },
    {
      method: 'GET',
      path: CLEAR_PATH,
      accepts: 'nothing',
      handle: () => confirmClearPage(show, insight.totals.events),
    },
    {
      method: 'POST',
      path: CLEAR_PATH,
      accepts: 'form',
      handle() {
        clear();
        return redirect(EVENTS_PATH);
      },
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
}
