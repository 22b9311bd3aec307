import { type ExperimentActions, isProblem, type Problem } from '../experiments/actions.js';
import type { Experiment } from '../experiments/experiment.js';
import type { ExperimentStore } from '../experiments/experiment-store.js';
import type { Answer } from '../http/answer.js';
import type { Route, RouteRequest } from '../http/route.js';
import type { Insight } from '../insight.js';
import { confirmDeletePage, confirmStopPage, confirmWinnerPage } from './confirm-page.js';
import { canHaveWinner, canStop, isAct, isOpen } from './experiment-controls.js';
import { type AddedRow, experimentForm, type FormPurpose } from './experiment-form.js';
import { experimentPage } from './experiment-page.js';
import { experimentsPage } from './experiments-page.js';
import { html } from './html.js';
import { redirect, refusalPage, type ShowPage } from './layout.js';
import { EXPERIMENTS_PATH, experimentPath, NEW_EXPERIMENT_PATH } from './paths.js';
import { BLANK_EXPERIMENT, readTyped, type TypedExperiment, toInput, typedOf, withRow } from './typed-experiment.js';

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
    get(NEW_EXPERIMENT_PATH, ({ url }) =>
      formPage(show, NEW, { ...BLANK_EXPERIMENT, ...prefilledOf(url.searchParams) }),
    ),
    post(NEW_EXPERIMENT_PATH, (_request, form) =>
      answerForm(show, NEW, form, (typed) => actions.create(toInput(typed))),
    ),
    get(
      EXPERIMENT_PATH,
      withExperiment((experiment, { url }) => {
        const eventName = url.searchParams.get('eventName') || undefined;
        return experimentPage(show, insight, { experiment, eventName }, now());
      }),
    ),
    get(
      `${EXPERIMENT_PATH}/edit`,
      withExperiment((experiment) => {
        if (!isOpen(experiment)) return redirect(experimentPath(experiment));
        return formPage(show, editing(experiment), typedOf(experiment));
      }),
    ),
    post(
      `${EXPERIMENT_PATH}/edit`,
      withExperiment((experiment, request) => {
        if (!isOpen(experiment)) return after(experiment, NOT_OPEN);
        return answerForm(show, editing(experiment), formOf(request), (typed) =>
          actions.edit(experiment.id, toInput({ ...typed, name: typed.name.trim() || typed.key }, experiment.variants)),
        );
      }),
    ),
    get(
      `${EXPERIMENT_PATH}/delete`,
      withExperiment((experiment) => {
        return isOpen(experiment) ? confirmDeletePage(show, experiment) : redirect(experimentPath(experiment));
      }),
    ),
    post(
      `${EXPERIMENT_PATH}/delete`,
      withExperiment((experiment) => {
        const result = isOpen(experiment) ? actions.remove(experiment.id) : NOT_OPEN;
        return isProblem(result) ? after(experiment, result) : redirect(EXPERIMENTS_PATH);
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

/** One page of the form: whose it is, and what it is called. */
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

const NOT_OPEN: Problem = { status: 409, message: 'Only a draft can be edited and deleted here.' };

/** Adds the row that was asked for, or does what the form is for and leads to the experiment. */
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
