import { type ExperimentActions, isProblem, type Problem } from '../experiments/actions.js';
import type { Experiment } from '../experiments/experiment.js';
import type { ExperimentStore } from '../experiments/experiment-store.js';
import type { Answer } from '../http/answer.js';
import { get, postForm, type Route, type RouteRequest } from '../http/route.js';
import type { LogQueries } from '../queries/log-queries.js';
import { confirmDeletePage, confirmStopPage, confirmWinnerPage } from './confirm-page.js';
import { canHaveWinner, canStop, isAct, isEditable } from './experiment-controls.js';
import { type AddedRow, experimentForm, type FormPurpose } from './experiment-form.js';
import { experimentPage } from './experiment-page.js';
import { experimentsPage } from './experiments-page.js';
import { html } from './html.js';
import { redirect, refusalPage, type ShowPage } from './layout.js';
import { EXPERIMENTS_PATH, experimentPath, NEW_EXPERIMENT_PATH } from './paths.js';
import { BLANK_EXPERIMENT, readTyped, type TypedExperiment, toInput, typedOf, withRow } from './typed-experiment.js';

export interface ExperimentPages {
  readonly show: ShowPage;
  readonly queries: LogQueries;
  readonly experiments: ExperimentStore;
  readonly actions: ExperimentActions;
  readonly now: () => number;
}

/** The pages of experiments and their forms. */
export function experimentRoutes(pages: ExperimentPages): Route[] {
  const { show, queries, experiments, actions, now } = pages;
  /** Calls `handle` with the experiment that the path names. */
  const withExperiment =
    (handle: (experiment: Experiment, request: RouteRequest, form: URLSearchParams) => Answer) =>
    (request: RouteRequest, form = new URLSearchParams()): Answer => {
      const experiment = experiments.find(request.params.key ?? '');
      if (experiment !== undefined) return handle(experiment, request, form);
      return refusalPage(show, 404, 'No such experiment', 'No experiment has this key or id.');
    };
  /** The page of an action on an experiment, if the experiment allows the action. */
  const page = (
    action: string,
    isAllowed: (experiment: Experiment) => boolean,
    render: (experiment: Experiment) => Answer,
  ): Route =>
    get(
      `${EXPERIMENTS_PATH}/:key/${action}`,
      withExperiment((experiment) => {
        return isAllowed(experiment) ? render(experiment) : redirect(experimentPath(experiment));
      }),
    );
  const post = (
    action: string,
    handle: (experiment: Experiment, request: RouteRequest, form: URLSearchParams) => Answer,
  ): Route => postForm(`${EXPERIMENTS_PATH}/:key/${action}`, withExperiment(handle));
  /** Shows the experiment after an action, or why the action failed. */
  const after = (experiment: Experiment, result: Experiment | Problem): Answer => {
    if (!isProblem(result)) return redirect(experimentPath(result));
    return experimentPage(show, queries, { experiment, problem: result }, now());
  };

  return [
    get(EXPERIMENTS_PATH, () => experimentsPage(show, queries, experiments)),
    get(NEW_EXPERIMENT_PATH, ({ url }) =>
      formPage(show, NEW, { ...BLANK_EXPERIMENT, ...prefilledOf(url.searchParams) }),
    ),
    postForm(NEW_EXPERIMENT_PATH, (_request, form) =>
      answerForm(show, NEW, form, (typed) => actions.create(toInput(typed))),
    ),
    get(
      `${EXPERIMENTS_PATH}/:key`,
      withExperiment((experiment, { url }) => {
        const eventName = url.searchParams.get('eventName') || undefined;
        return experimentPage(show, queries, { experiment, eventName }, now());
      }),
    ),
    page('edit', isEditable, (experiment) => formPage(show, editing(experiment), typedOf(experiment))),
    post('edit', (experiment, _request, form) => {
      if (!isEditable(experiment)) return after(experiment, NOT_EDITABLE);
      return answerForm(show, editing(experiment), form, (typed) =>
        actions.edit(experiment.id, toInput({ ...typed, name: typed.name.trim() || typed.key }, experiment.variants)),
      );
    }),
    page('delete', isEditable, (experiment) => confirmDeletePage(show, experiment)),
    post('delete', (experiment) => {
      const result = isEditable(experiment) ? actions.remove(experiment.id) : NOT_EDITABLE;
      return isProblem(result) ? after(experiment, result) : redirect(EXPERIMENTS_PATH);
    }),
    page('stop', canStop, (experiment) => confirmStopPage(show, experiment)),
    page('winner', canHaveWinner, (experiment) => confirmWinnerPage(show, experiment, queries.results(experiment))),
    post('winner', (experiment, _request, form) => {
      const winner = form.get('variant') ?? '';
      const { id, status } = experiment;
      return after(experiment, status === 'completed' ? actions.nameWinner(id, winner) : actions.stop(id, { winner }));
    }),
    post(':action', (experiment, { params: { action } }) => {
      if (action === 'stop') return after(experiment, actions.stop(experiment.id));
      if (isAct(action)) return after(experiment, actions.act(experiment.id, action));
      return refusalPage(show, 404, 'No such action', 'An experiment can be started, paused, resumed and stopped.');
    }),
  ];
}

/** The values that a link can prefill. */
function prefilledOf(query: URLSearchParams): Pick<TypedExperiment, 'key' | 'primary'> {
  return { key: query.get('key') ?? '', primary: query.get('primary') ?? '' };
}

/** One use of the form. */
interface Form extends FormPurpose {
  readonly title: string;
  readonly crumb: { readonly path: string; readonly name: string };
}

const NEW: Form = {
  title: 'New experiment',
  crumb: { path: EXPERIMENTS_PATH, name: 'Experiments' },
  path: NEW_EXPERIMENT_PATH,
  label: 'Create the experiment',
  back: EXPERIMENTS_PATH,
};

function editing(experiment: Experiment): Form {
  const back = experimentPath(experiment);
  return {
    title: `Edit ${experiment.name}`,
    crumb: { path: back, name: experiment.name },
    path: experimentPath(experiment, 'edit'),
    label: 'Save the draft',
    back,
  };
}

const NOT_EDITABLE: Problem = { status: 409, message: 'Only drafts can be edited and deleted here.' };

/** Adds a row if a button asks for one; otherwise performs the action and redirects to the experiment. */
function answerForm(
  show: ShowPage,
  form: Form,
  posted: URLSearchParams,
  act: (typed: TypedExperiment) => Experiment | Problem,
): Answer {
  const typed = readTyped(posted);
  const added = posted.get('add');
  if (added === 'variant' || added === 'rule') return formPage(show, form, withRow(typed, added), undefined, added);
  const result = act(typed);
  return isProblem(result) ? formPage(show, form, typed, result) : redirect(experimentPath(result));
}

function formPage(show: ShowPage, form: Form, typed: TypedExperiment, problem?: Problem, added?: AddedRow): Answer {
  const { title, crumb } = form;
  return show({
    title,
    section: 'experiments',
    status: problem?.status ?? 200,
    main: html`<p class="crumb"><a href="${crumb.path}">${crumb.name}</a></p>
<h1>${title}</h1>
${experimentForm(form, typed, problem && (problem.all ?? [problem.message]), added)}`,
  });
}
