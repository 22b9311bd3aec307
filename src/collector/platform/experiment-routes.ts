import { type ExperimentActions, isProblem, type Problem } from '../experiments/actions.js';
import type { Experiment } from '../experiments/experiment.js';
import type { ExperimentStore } from '../experiments/experiment-store.js';
import { UNKNOWN_EXPERIMENT } from '../experiments/problem.js';
import { type Answer, refuse } from '../http/answer.js';
import type { RouteRequest } from '../http/route.js';

import { experimentWithVariants } from './experiment-body.js';
import { readChanges, readNew } from './experiment-input.js';
import { pageOf } from './page.js';
import { ok, type PlatformRoute, route } from './platform-route.js';

export interface ExperimentRoutesOptions {
  readonly experiments: Pick<ExperimentStore, 'list' | 'find'>;
  readonly actions: ExperimentActions;
}

/** Lists, creates, changes and deletes experiments. [A] `{id}` may also be the key; the service documents the id. */
export function experimentRoutes({ experiments, actions }: ExperimentRoutesOptions): PlatformRoute[] {
  return [
    route('GET', '/experiments', 'experiment:list', ({ url: { searchParams: query } }) =>
      pageOf(experiments.list().filter(fits(query)).map(experimentWithVariants), query),
    ),
    route('POST', '/experiments', 'experiment:create', ({ body }) => {
      const parsed = readNew(body, (name) => unusedKey(name, (key) => experiments.find(key) !== undefined));
      return parsed.problem === undefined ? answer(actions.create(parsed.data)) : refuse(400, parsed.problem);
    }),
    route(
      'GET',
      '/experiments/:id',
      'experiment:find',
      withExperiment(experiments, (found) => ok(experimentWithVariants(found))),
    ),
    route('PATCH', '/experiments/:id', 'experiment:update', ({ params, body }) => {
      const parsed = readChanges(body);
      if (parsed.problem !== undefined) return refuse(400, parsed.problem);
      return answer(actions.edit(params.id!, parsed.data));
    }),
    route('DELETE', '/experiments/:id', 'experiment:delete', ({ params }) => {
      const result = actions.remove(params.id!);
      return isProblem(result) ? refuseFor(result) : ok(true);
    }),
  ];
}

/** Calls `handle` with the experiment that the path names. */
export function withExperiment(
  experiments: Pick<ExperimentStore, 'find'>,
  handle: (experiment: Experiment, query: URLSearchParams, body: unknown) => Answer,
): (request: RouteRequest) => Answer {
  return ({ params, url, body }) => {
    const experiment = experiments.find(params.id!);
    return experiment === undefined ? refuseFor(UNKNOWN_EXPERIMENT) : handle(experiment, url.searchParams, body);
  };
}

export function refuseFor({ status, message }: Problem): Answer {
  return refuse(status, message);
}

function answer(result: Experiment | Problem): Answer {
  return isProblem(result) ? refuseFor(result) : ok(experimentWithVariants(result));
}

function fits(query: URLSearchParams): (experiment: Experiment) => boolean {
  const [status, type] = [query.get('status'), query.get('type')];
  const search = query.get('search')?.toLowerCase() ?? '';
  return (experiment) =>
    (!status || experiment.status === status) &&
    (!type || experiment.type === type) &&
    // [A] The searched fields are unpublished.
    [experiment.key, experiment.name].some((text) => text.toLowerCase().includes(search));
}

/** [A] The service derives a key from the name in an unpublished way. */
function unusedKey(name: string, isUsed: (key: string) => boolean): string {
  const words = name.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ['experiment'];
  const key = words.join('_');
  let candidate = key;
  for (let n = 2; isUsed(candidate); n += 1) candidate = `${key}_${n}`;
  return candidate;
}
