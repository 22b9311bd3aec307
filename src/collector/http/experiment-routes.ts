import { type ExperimentAction, type ExperimentActions, isProblem, type Problem } from '../experiments/actions.js';
import type { Experiment } from '../experiments/experiment.js';
import type { ExperimentStore } from '../experiments/experiment-store.js';
import { UNKNOWN_EXPERIMENT } from '../experiments/problem.js';
import type { Insight } from '../insight.js';
import type { ExperimentReport } from '../report.js';
import { type Answer, refuse } from './answer.js';
import { readDayRange } from './day-range.js';
import { experimentBody } from './experiment-body.js';
import type { Route, RouteRequest } from './route.js';

/** What the routes work on. */
export interface ExperimentRoutesOptions {
  readonly experiments: Pick<ExperimentStore, 'list' | 'find'>;
  readonly actions: ExperimentActions;
  readonly insight: Pick<Insight, 'results' | 'daily'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** [A] Where the platform API lives is unpublished. */
const COLLECTION = '/platform/v1/experiments';

/** Stands for an experiment's id or its key. */
const ONE = `${COLLECTION}/:id`;

const ACTIONS: readonly ExperimentAction[] = ['start', 'pause', 'resume', 'stop'];

/** The platform API over experiments: their life and their results. [A] Bodies are those of protocol.md §2, unwrapped. */
export function experimentRoutes({ experiments, actions, insight, now }: ExperimentRoutesOptions): Route[] {
  const withExperiment =
    (handle: (experiment: Experiment, query: URLSearchParams) => Answer) =>
    ({ params, url }: RouteRequest): Answer => {
      const experiment = experiments.find(idOf(params));
      return experiment === undefined ? answer(UNKNOWN_EXPERIMENT) : handle(experiment, url.searchParams);
    };

  return [
    {
      method: 'GET',
      path: COLLECTION,
      accepts: 'nothing',
      handle: () => ok({ experiments: experiments.list().map(experimentBody) }),
    },
    { method: 'POST', path: COLLECTION, accepts: 'json', handle: ({ body }) => answer(actions.create(body), 201) },
    { method: 'GET', path: ONE, accepts: 'nothing', handle: withExperiment((found) => ok(experimentBody(found))) },
    {
      method: 'PATCH',
      path: ONE,
      accepts: 'json',
      handle: ({ params, body }) => answer(actions.edit(idOf(params), body)),
    },
    ...ACTIONS.map(
      (action): Route => ({
        method: 'POST',
        path: `${ONE}/${action}`,
        accepts: 'nothing',
        handle: ({ params }) => answer(actions.act(idOf(params), action)),
      }),
    ),
    {
      method: 'POST',
      path: `${ONE}/declare-winner`,
      accepts: 'json',
      handle: ({ params, body }) => {
        const variantId = variantIdOf(body);
        return variantId === undefined
          ? refuse(400, 'variantId: expected the id of a variant')
          : answer(actions.declareWinner(idOf(params), variantId));
      },
    },
    {
      method: 'GET',
      path: `${ONE}/results`,
      accepts: 'nothing',
      handle: withExperiment((found, query) => ok(resultsBody(insight.results(found, eventNameOf(query))))),
    },
    {
      method: 'GET',
      path: `${ONE}/results-time-series`,
      accepts: 'nothing',
      handle: withExperiment((found, query) => {
        const range = readDayRange(query, now());
        if (typeof range === 'string') return refuse(400, range);
        return ok(insight.daily(found, range.from, range.to, eventNameOf(query)));
      }),
    },
  ];
}

function ok(body: unknown): Answer {
  return { status: 200, body };
}

function answer(result: Experiment | Problem, status = 200): Answer {
  if (isProblem(result)) return refuse(result.status, result.message);
  return { status, body: experimentBody(result) };
}

function idOf(params: RouteRequest['params']): string {
  return params.id ?? '';
}

function variantIdOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('variantId' in body)) return undefined;
  return typeof body.variantId === 'string' ? body.variantId : undefined;
}

/** An empty name is what a form sends for none. */
function eventNameOf(query: URLSearchParams): string | undefined {
  return query.get('eventName') || undefined;
}

/** The documented fields, and beside them what the collector knows in addition. */
function resultsBody({ variants, hasEnoughData, sampleRatio }: ExperimentReport): unknown {
  return {
    variants: variants.map(({ secondary: _, ...variant }) => variant),
    hasEnoughData,
    sampleRatio,
  };
}
