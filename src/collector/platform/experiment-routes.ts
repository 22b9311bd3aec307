import { type ExperimentActions, isProblem, type Problem } from '../experiments/actions.js';
import type { Experiment } from '../experiments/experiment.js';
import type { ExperimentStore } from '../experiments/experiment-store.js';
import { UNKNOWN_EXPERIMENT } from '../experiments/problem.js';
import { type Answer, refuse } from '../http/answer.js';
import type { RouteRequest } from '../http/route.js';
import { parse } from '../parse.js';
import { experimentWithVariants } from './experiment-body.js';
import { experimentChangesSchema, newExperimentSchema, toDesign, wholeExperimentSchema } from './experiment-input.js';
import { pageOf } from './page.js';
import { ok, type PlatformRoute } from './platform-route.js';

export interface ExperimentRoutesOptions {
  readonly experiments: Pick<ExperimentStore, 'list' | 'find'>;
  readonly actions: ExperimentActions;
}

/** Experiments: listed, made, changed, deleted. [A] `{id}` may be the key as well; the service documents the id. */
export function experimentRoutes({ experiments, actions }: ExperimentRoutesOptions): PlatformRoute[] {
  return [
    {
      method: 'GET',
      path: '/experiments',
      scope: 'experiment:list',
      handle: ({ url: { searchParams: query } }) =>
        pageOf(experiments.list().filter(fits(query)).map(experimentWithVariants), query),
    },
    {
      method: 'POST',
      path: '/experiments',
      scope: 'experiment:create',
      handle: ({ body }) => create({ experiments, actions }, body),
    },
    {
      method: 'GET',
      path: '/experiments/:id',
      scope: 'experiment:find',
      handle: withExperiment(experiments, (found) => ok(experimentWithVariants(found))),
    },
    {
      method: 'PATCH',
      path: '/experiments/:id',
      scope: 'experiment:update',
      handle({ params, body }) {
        const parsed = parse(experimentChangesSchema, body);
        if (parsed.problem !== undefined) return refuse(400, parsed.problem);
        return answer(actions.edit(params.id!, toDesign(parsed.data)));
      },
    },
    {
      method: 'DELETE',
      path: '/experiments/:id',
      scope: 'experiment:delete',
      handle({ params }) {
        const result = actions.remove(params.id!);
        return isProblem(result) ? refuseFor(result) : ok(true);
      },
    },
  ];
}

/** Answers for the experiment that the path names. */
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
    // [A] What is searched is unpublished.
    [experiment.key, experiment.name].some((text) => text.toLowerCase().includes(search));
}

// [A] The weight of a control that is alone is whatever the others leave: all of it.
const CONTROL = { name: 'Control', isControl: true };

function create({ experiments, actions }: ExperimentRoutesOptions, body: unknown): Answer {
  if (typeof body === 'object' && body !== null && 'variants' in body) {
    const whole = parse(wholeExperimentSchema, body);
    if (whole.problem !== undefined) return refuse(400, whole.problem);
    const { type, variants, ...input } = whole.data;
    return answer(actions.create({ ...toDesign(input), type: type ?? undefined, variants }));
  }
  const parsed = parse(newExperimentSchema, body);
  if (parsed.problem !== undefined) return refuse(400, parsed.problem);
  const { type, ...input } = parsed.data;
  return answer(
    actions.create({
      ...toDesign(input),
      key: input.key ?? unusedKey(input.name, (key) => experiments.find(key) !== undefined),
      type: type ?? undefined,
      variants: [CONTROL],
    }),
  );
}

/** [A] The service makes a key of the name; how is unpublished. */
function unusedKey(name: string, isUsed: (key: string) => boolean): string {
  const words = name.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ['experiment'];
  const key = words.join('_');
  let candidate = key;
  for (let n = 2; isUsed(candidate); n += 1) candidate = `${key}_${n}`;
  return candidate;
}
