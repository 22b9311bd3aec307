import { z } from 'zod';
import { type ExperimentAction, type ExperimentActions, isProblem, type Problem } from '../experiments/actions.js';
import type { Experiment } from '../experiments/experiment.js';
import { type Answer, refuse } from '../http/answer.js';
import { parse } from '../parse.js';
import { experimentBody } from './experiment-body.js';
import { refuseFor } from './experiment-routes.js';
import { ok, type PlatformRoute } from './platform-route.js';

const id = z.string().min(1);
const stopSchema = z.strictObject({ winnerVariantId: id.optional(), rolloutVariantId: id.optional() }).default({});
const winnerSchema = z.strictObject({ winnerVariantId: id.optional() }).default({});
const rolloutSchema = z.strictObject({ variantId: id });

/** The routes that change the state of an experiment. */
export function lifecycleRoutes(actions: ExperimentActions): PlatformRoute[] {
  return [
    simple(actions, 'start', 'start', 'experiment:start', 'publishAfterStart'),
    simple(actions, 'pause', 'pause', 'experiment:stop', 'publishAfterPause'),
    simple(actions, 'resume', 'resume', 'experiment:start', 'publishAfterResume'),
    simple(actions, 'end-rollout', 'endRollout', 'experiment:stop'),
    posted(
      'stop',
      'experiment:stop',
      stopSchema,
      (experimentId, { winnerVariantId: winner, rolloutVariantId: rollout }) =>
        published(actions.stop(experimentId, { winner, rollout })),
    ),
    posted('rollout', 'experiment:stop', rolloutSchema, (experimentId, { variantId }) =>
      published(actions.rollOut(experimentId, variantId)),
    ),
    posted('winner', 'experiment:stop', winnerSchema, (experimentId, { winnerVariantId }) => {
      const result = actions.nameWinner(experimentId, winnerVariantId);
      return isProblem(result) ? refuseFor(result) : ok(experimentBody(result));
    }),
  ];
}

/** An action whose only option is whether to publish it. */
function simple(
  actions: ExperimentActions,
  path: string,
  action: ExperimentAction,
  scope: string,
  publishOption?: string,
): PlatformRoute {
  const schema: z.ZodType<Record<string, boolean | undefined>> = z
    .strictObject(publishOption === undefined ? {} : { [publishOption]: z.boolean().optional() })
    .default({});
  return posted(path, scope, schema, (experimentId, options) => {
    const isPublished = publishOption === undefined || options[publishOption] !== false;
    return published(actions.act(experimentId, action), isPublished);
  });
}

function posted<Body>(
  path: string,
  scope: string,
  schema: z.ZodType<Body>,
  handle: (experimentId: string, body: Body) => Answer,
): PlatformRoute {
  return {
    method: 'POST',
    path: `/experiments/:id/${path}`,
    scope,
    handle({ params, body }) {
      const parsed = parse(schema, body);
      return parsed.problem === undefined ? handle(params.id!, parsed.data) : refuse(400, parsed.problem);
    },
  };
}

/** [A] In the collector, a change takes effect immediately, whether or not it is published. */
function published(result: Experiment | Problem, isPublished = true): Answer {
  if (isProblem(result)) return refuseFor(result);
  return ok({
    publishStatus: isPublished ? 'published' : 'pending_publish',
    concurrentVersionChanges: 0,
    experiment: experimentBody(result),
  });
}
