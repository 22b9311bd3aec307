import { type ExperimentActions, isProblem, type Problem } from '../experiments/actions.js';
import type { Experiment } from '../experiments/experiment.js';
import type { ExperimentStore } from '../experiments/experiment-store.js';
import type { Answer } from '../http/answer.js';
import type { Route, RouteRequest } from '../http/route.js';
import type { Insight } from '../insight.js';
import { confirmStopPage, confirmWinnerPage } from './confirm-page.js';
import { canHaveWinner, canStop, isAct } from './experiment-controls.js';
import { type AddedRow, experimentForm } from './experiment-form.js';
import { experimentPage } from './experiment-page.js';
import { experimentsPage } from './experiments-page.js';
import { html } from './html.js';
import { redirect, refusalPage, type ShowPage } from './layout.js';
import { EXPERIMENTS_PATH, experimentPath, NEW_EXPERIMENT_PATH } from './paths.js';
import { BLANK_EXPERIMENT, readTyped, type TypedExperiment, toInput, withRow } from './typed-experiment.js';

export interface ExperimentPages {
  readonly show: ShowPage;
  readonly insight: Insight;
  readonly experiments: ExperimentStore;
  readonly actions: ExperimentActions;
  readonly now: () => number;
}

const EXPERIMENT_PATH = `${EXPERIMENTS_PATH}/:key`;

/** The pages of experiments and what their forms ask for. The form of a new one comes before those named by a key. */
export function experimentRoutes(pages: ExperimentPages): Route[] {
  const { show, insight, experiments, actions, now } = pages;
  const get = (path: string, handle: (request: RouteRequest) => Answer): Route => {
    return { method: 'GET', path, accepts: 'nothing', handle };
  };
  const post = (path: string, handle: (request: RouteRequest, form: URLSearchParams) => Answer): Route => {
    return { method: 'POST', path, accepts: 'form', handle: (request) => handle(request, formOf(request)) };
  };
  /** Answers for the experiment the path names. */
  const withExperiment =
    (handle: (experiment: Experiment, request: RouteRequest) => Answer) =>
    (request: RouteRequest): Answer => {
      const experiment = experiments.find(request.params.key ?? '');
      if (experiment !== undefined) return handle(experiment, request);
      return refusalPage(show, 404, 'No such experiment', 'No experiment has this key or id.');
    };
  /** Shows the experiment after what was done, or why it was not done. */
  const after = (experiment: Experiment, result: Experiment | Problem): Answer => {
    if (!isProblem(result)) return redirect(experimentPath(result));
    return experimentPage(show, insight, { experiment, problem: result }, now());
  };

  return [
    get(EXPERIMENTS_PATH, () => experimentsPage(show, insight, experiments)),
    get(NEW_EXPERIMENT_PATH, ({ url }) => newPage(show, { ...BLANK_EXPERIMENT, ...prefilledOf(url.searchParams) })),
    post(NEW_EXPERIMENT_PATH, (_request, form) => {
      const typed = readTyped(form);
      const added = form.get('add');
      if (added === 'variant' || added === 'rule') return newPage(show, withRow(typed, added), undefined, added);
      const result = actions.create(toInput(typed));
      return isProblem(result) ? newPage(show, typed, result) : redirect(experimentPath(result));
    }),
    get(
      EXPERIMENT_PATH,
      withExperiment((experiment, { url }) => {
        const eventName = url.searchParams.get('eventName') || undefined;
        return experimentPage(show, insight, { experiment, eventName }, now());
      }),
    ),
    get(
      `${EXPERIMENT_PATH}/stop`,
      withExperiment((experiment) => {
        return canStop(experiment) ? confirmStopPage(show, experiment) : redirect(experimentPath(experiment));
      }),
    ),
    get(
      `${EXPERIMENT_PATH}/winner`,
      withExperiment((experiment) => {
        if (!canHaveWinner(experiment)) return redirect(experimentPath(experiment));
        return confirmWinnerPage(show, experiment, insight.results(experiment));
      }),
    ),
    post(
      `${EXPERIMENT_PATH}/winner`,
      withExperiment((experiment, request) => {
        const winner = formOf(request).get('variant') ?? '';
        const { id, status } = experiment;
        return after(
          experiment,
          status === 'completed' ? actions.nameWinner(id, winner) : actions.stop(id, { winner }),
        );
      }),
    ),
    post(
      `${EXPERIMENT_PATH}/:action`,
      withExperiment((experiment, { params: { action } }) => {
        if (action === 'stop') return after(experiment, actions.stop(experiment.id));
        if (isAct(action)) return after(experiment, actions.act(experiment.id, action));
        return refusalPage(show, 404, 'No such action', 'An experiment can be started, paused, resumed and stopped.');
      }),
    ),
  ];
}

/** What a link to the form may fill in. */
function prefilledOf(query: URLSearchParams): Pick<TypedExperiment, 'key' | 'primary'> {
  return { key: query.get('key') ?? '', primary: query.get('primary') ?? '' };
}

function formOf({ body }: RouteRequest): URLSearchParams {
  return body instanceof URLSearchParams ? body : new URLSearchParams();
}

function newPage(show: ShowPage, typed: TypedExperiment, problem?: Problem, added?: AddedRow): Answer {
  return show({
    title: 'New experiment',
    section: 'experiments',
    status: problem?.status ?? 200,
    main: html`<p class="crumb"><a href="${EXPERIMENTS_PATH}">Experiments</a></p>
<h1>New experiment</h1>
${experimentForm(typed, problem?.message, added)}`,
  });
}
