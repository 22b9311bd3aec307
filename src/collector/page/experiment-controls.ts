import type { Experiment, ExperimentStatus } from '../experiments/experiment.js';
import { type Html, html } from './html.js';
import { experimentPath } from './paths.js';

/** The actions of the buttons. */
export type Act = 'start' | 'pause' | 'resume' | 'stop';

const ACTS: Readonly<Record<ExperimentStatus, readonly Act[]>> = {
  draft: ['start'],
  running: ['pause', 'stop'],
  paused: ['resume', 'stop'],
  completed: [],
};

const LABELS: Readonly<Record<Act, string>> = { start: 'Start', pause: 'Pause', resume: 'Resume', stop: 'Stop…' };

export function isAct(action: string | undefined): action is Exclude<Act, 'stop'> {
  return action !== undefined && action !== 'stop' && Object.hasOwn(LABELS, action);
}

/** Whether it can be stopped. */
export function canStop({ status }: Experiment): boolean {
  return ACTS[status].includes('stop');
}

/** Whether the page offers to declare a winner, before or after the stop. */
export function canHaveWinner({ status, winner }: Experiment): boolean {
  return status !== 'draft' && winner === undefined;
}

/** Whether the pages can edit and delete it. After the start, its results depend on it. */
export function isEditable({ status }: Experiment): boolean {
  return status === 'draft';
}

/** The buttons that an experiment's state allows. Irreversible actions lead to a page that asks first. */
export function experimentControls(experiment: Experiment): Html {
  const winnerPath = experimentPath(experiment, 'winner');
  return html`<div class="controls" role="group" aria-label="State of the experiment">
${ACTS[experiment.status].map((act) => button(experiment, act))}
${
  isEditable(experiment) &&
  html`<a class="button" href="${experimentPath(experiment, 'edit')}">Edit</a>
<a class="button" href="${experimentPath(experiment, 'delete')}">Delete…</a>`
}
${canHaveWinner(experiment) && html`<a class="button" href="${winnerPath}">Declare a winner…</a>`}
</div>`;
}

function button(experiment: Experiment, act: Act): Html {
  const path = experimentPath(experiment, act);
  if (act === 'stop') return html`<a class="button" href="${path}">${LABELS[act]}</a>`;
  const importance = act !== 'pause' && html` class="primary"`;
  return html`<form method="post" action="${path}"><button${importance}>${LABELS[act]}</button></form>`;
}
