import type { ExperimentActions } from '../experiments/actions.js';
import type { ExperimentStore } from '../experiments/experiment-store.js';
import { get, postForm, type Route } from '../http/route.js';
import type { LogQueries } from '../queries/log-queries.js';
import { createAssets } from './assets.js';
import { confirmClearPage } from './confirm-page.js';
import { EVENTS_JSON_PATH, eventsJson } from './events-json.js';
import { experimentRoutes } from './experiment-routes.js';
import { createShowPage, redirect } from './layout.js';
import { eventsQueryOf, livePage } from './live-page.js';
import { liveStream, type Subscribe } from './live-stream.js';
import { CLEAR_PATH, EVENTS_PATH, STREAM_PATH } from './paths.js';
import { visitorPage } from './visitor-page.js';

export interface PageOptions {
  readonly queries: LogQueries;
  readonly experiments: ExperimentStore;
  readonly actions: ExperimentActions;
  /** The listener is also called, without numbers, when a row was refused. */
  readonly subscribe: Subscribe;
  /** Deletes all events, visitors and refused rows. */
  readonly clear: () => void;
  /** The source token for the example; `undefined` if only the user's tokens are accepted. */
  readonly exampleToken?: string | undefined;
  /** Whether the pages require a password. */
  readonly hasPassword: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The pages and their assets. */
export function pageRoutes(options: PageOptions): Route[] {
  const { queries, experiments, actions, subscribe, clear, exampleToken, hasPassword, now } = options;
  const assets = createAssets();
  const show = createShowPage(assets, hasPassword);
  return [
    ...assets.routes,
    get(EVENTS_PATH, (request) => livePage(show, queries, request, { now: now(), exampleToken })),
    get(EVENTS_JSON_PATH, (request) => eventsJson(queries, request)),
    get(CLEAR_PATH, () => confirmClearPage(show, queries.totals.events)),
    postForm(CLEAR_PATH, () => {
      clear();
      return redirect(EVENTS_PATH);
    }),
    get(STREAM_PATH, ({ url }) => liveStream(queries, eventsQueryOf(url), subscribe, now)),
    get('/visitors/:number', ({ params }) => visitorPage(show, queries, params.number)),
    ...experimentRoutes({ show, queries, experiments, actions, now }),
  ];
}
