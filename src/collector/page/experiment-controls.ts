import type { Experiment, ExperimentStatus } from '../experiments/experiment.js';
import { type Html, html } from './html.js';
import { experimentPath } from './paths.js';

/** What a button can ask for. */
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

/** Whether there is anything to stop. */
export function canStop({ status }: Experiment): boolean {
  return ACTS[status].includes('stop');
}

/** Whether the page offers to declare a winner: results are read after the stop as well as before it. */
export function canHaveWinner({ status, winner }: Experiment): boolean {
  return status !== 'draft' && winner === undefined;
}

/** Whether it can be changed and deleted here: what has run stays as it was measured. */
export function isOpen({ status }: Experiment): boolean {
  return status === 'draft';
}

/** The buttons an experiment's state allows; those that cannot be taken back lead to a page that asks. */
export function experimentControls(experiment: Experiment): Html {
  const winnerPath = experimentPath(experiment, 'winner');
  return html`<div class="controls" role="group" aria-label="State of the experiment">
${ACTS[experiment.status].map((act) => button(experiment, act))}
${
  isOpen(experiment) &&
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
