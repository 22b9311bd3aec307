import type { Experiment } from '../experiments/experiment.js';
import type { Answer } from '../http/answer.js';
import type { ExperimentReport, VariantReport } from '../report.js';
import { counted, percent, probability } from './figures.js';
import { type Html, html } from './html.js';
import type { ShowPage } from './layout.js';
import { experimentPath } from './paths.js';
import { swatch } from './series.js';

/** Asks before an experiment ends for good. */
export function confirmStopPage(show: ShowPage, experiment: Experiment): Answer {
  return confirm(show, experiment, {
    title: `Stop ${experiment.name}?`,
    action: 'stop',
    label: 'Stop the experiment',
    body: html`<p>Nobody is assigned any more, and what happens from now on counts for nothing. What happened before
and arrives late still counts.</p>
<p>A stopped experiment can neither be changed nor started again.</p>`,
  });
}

/** Asks which variant has won; the most probable is chosen beforehand. */
export function confirmWinnerPage(show: ShowPage, experiment: Experiment, { variants }: ExperimentReport): Answer {
  const best = variants.reduce((left, right) => (right.probabilityToBeBest > left.probabilityToBeBest ? right : left));
  const choice = (variant: VariantReport, place: number): Html => {
    const { id, name, conversionRate, impressions, probabilityToBeBest } = variant;
    const checked = variant === best && html` checked`;
    return html`<label class="choice"><input type="radio" name="variant" value="${id}"${checked}>
${swatch(place)} <span class="name">${name}</span>
<span class="figure">${percent(conversionRate)} of ${counted(impressions, 'impression')};
probability to be best ${probability(probabilityToBeBest)}</span></label>
`;
  };
  const ending = html`<p>This ends the experiment: it can neither be changed nor started again.</p>`;
  return confirm(show, experiment, {
    title: `Declare a winner of ${experiment.name}`,
    action: 'winner',
    label: 'Declare the winner',
    body: html`<fieldset class="choices"><legend>Winner</legend>
${variants.map(choice)}
</fieldset>
${experiment.status !== 'completed' && ending}`,
  });
}

interface Question {
  readonly title: string;
  readonly action: string;
  readonly label: string;
  readonly body: Html;
}

function confirm(show: ShowPage, experiment: Experiment, { title, action, label, body }: Question): Answer {
  return show({
    title,
    section: 'experiments',
    main: html`<form class="confirm" method="post" action="${experimentPath(experiment, action)}">
<h1>${title}</h1>
${body}
<p class="actions"><button class="danger">${label}</button> <a href="${experimentPath(experiment)}">Cancel</a></p>
</form>`,
  });
}
