import { counted } from '../../core/counts.js';
import type { Experiment } from '../experiments/experiment.js';
import type { Answer } from '../http/answer.js';
import type { ExperimentReport, VariantReport } from '../queries/report.js';
import { bestOf } from '../queries/report.js';
import { percent, probability } from './figures.js';
import { type Html, html } from './html.js';
import type { Page, ShowPage } from './layout.js';
import { CLEAR_PATH, EVENTS_PATH, experimentPath } from './paths.js';
import { missingData } from './result-notices.js';
import { swatch } from './series.js';

/** Asks before all events are deleted. */
export function confirmClearPage(show: ShowPage, events: number): Answer {
  return confirm(show, {
    title: 'Clear all events?',
    section: 'events',
    path: CLEAR_PATH,
    back: EVENTS_PATH,
    label: 'Clear events',
    body: html`<p>This deletes ${counted(events, 'event')}, all visitors and all results, also from the data file.</p>
<p>Experiments stay, and visitors keep their variants.</p>
<p>A running application remembers which sessions it exposed, and does not send these impressions again. To convert after this,
start a new session, or restart the application.</p>`,
  });
}

/** Asks before an experiment is stopped. */
export function confirmStopPage(show: ShowPage, experiment: Experiment): Answer {
  return confirm(show, {
    ...placeOf(experiment, 'stop'),
    title: `Stop ${experiment.name}?`,
    label: 'Stop the experiment',
    body: html`<p>No more visitors are assigned, and events from now on do not count. Events from before the stop still count
when they arrive late.</p>
<p>A stopped experiment cannot be changed or restarted.</p>`,
  });
}

/** Asks before a draft is deleted. */
export function confirmDeletePage(show: ShowPage, experiment: Experiment): Answer {
  return confirm(show, {
    ...placeOf(experiment, 'delete'),
    title: `Delete ${experiment.name}?`,
    label: 'Delete the draft',
    body: html`<p>The draft is deleted for good. It has no results.</p>`,
  });
}

/** Asks which variant has won. The most probable one is preselected. */
export function confirmWinnerPage(show: ShowPage, experiment: Experiment, report: ExperimentReport): Answer {
  const { variants, hasEnoughData } = report;
  const best = bestOf(variants);
  const choice = (variant: VariantReport, place: number): Html => {
    const { id, name, conversionRate, impressions, probabilityToBeBest } = variant;
    const checked = variant === best && html` checked`;
    return html`<label class="choice"><input type="radio" name="variant" value="${id}"${checked}>
${swatch(place)} <span class="name">${name}</span>
<span class="figure">${percent(conversionRate)} of ${counted(impressions, 'impression')};
probability to be best ${probability(probabilityToBeBest)}</span></label>
`;
  };
  const ending = html`<p>This stops the experiment: it cannot be changed or restarted.</p>`;
  return confirm(show, {
    ...placeOf(experiment, 'winner'),
    title: `Declare a winner of ${experiment.name}`,
    label: 'Declare the winner',
    body: html`${!hasEnoughData && missingData(experiment, report)}
<fieldset class="choices"><legend>Winner</legend>
${variants.map(choice)}
</fieldset>
${experiment.status !== 'completed' && ending}`,
  });
}

interface Question {
  readonly title: string;
  readonly section: Page['section'];
  /** The path that the form is posted to. */
  readonly path: string;
  /** The target of "Cancel". */
  readonly back: string;
  readonly label: string;
  readonly body: Html;
}

function placeOf(experiment: Experiment, action: string): Pick<Question, 'section' | 'path' | 'back'> {
  return { section: 'experiments', path: experimentPath(experiment, action), back: experimentPath(experiment) };
}

function confirm(show: ShowPage, { title, section, path, back, label, body }: Question): Answer {
  return show({
    title,
    section,
    main: html`<form class="confirm" method="post" action="${path}">
<h1>${title}</h1>
${body}
<p class="actions"><button class="danger">${label}</button> <a href="${back}">Cancel</a></p>
</form>`,
  });
}
