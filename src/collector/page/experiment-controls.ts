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

export function isAct(action: string | undefined): action is Act {
  return action !== undefined && Object.hasOwn(LABELS, action);
}

/** The buttons an experiment's state allows; those that cannot be taken back lead to a page that asks. */
export function experimentControls(experiment: Experiment): Html {
  const { status, winner } = experiment;
  const canWin = status !== 'draft' && winner === undefined;
  return html`<div class="controls" role="group" aria-label="State of the experiment">
${ACTS[status].map((act) => button(experiment, act))}
${canWin && html`<a class="button" href="${experimentPath(experiment, 'winner')}">Declare a winner…</a>`}
</div>`;
}

function button(experiment: Experiment, act: Act): Html {
  const path = experimentPath(experiment, act);
  if (act === 'stop') return html`<a class="button" href="${path}">${LABELS[act]}</a>`;
  const importance = act !== 'pause' && html` class="primary"`;
  return html`<form method="post" action="${path}"><button${importance}>${LABELS[act]}</button></form>`;
}
