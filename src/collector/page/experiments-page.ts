import { count } from '../../core/counts.js';
import type { Experiment } from '../experiments/experiment.js';
import type { ExperimentStore } from '../experiments/experiment-store.js';
import type { Answer } from '../http/answer.js';
import type { LogQueries } from '../queries/log-queries.js';
import { bestOf } from '../queries/report.js';
import { statusBadge } from './experiment-definition.js';
import { probability } from './figures.js';
import { type Content, type Html, html } from './html.js';
import type { ShowPage } from './layout.js';
import { experimentPath, NEW_EXPERIMENT_PATH } from './paths.js';

/** All experiments, the newest first. */
export function experimentsPage(show: ShowPage, queries: LogQueries, experiments: ExperimentStore): Answer {
  const list = experiments.list().toReversed();
  return show({
    title: 'Experiments',
    section: 'experiments',
    main: html`<div class="heading"><h1>Experiments</h1>
<a class="button primary" href="${NEW_EXPERIMENT_PATH}">New experiment</a></div>
${list.length === 0 ? html`<p class="empty">There are no experiments yet.</p>` : table(list, queries)}`,
  });
}

const COLUMNS = ['Experiment', 'Status', 'Goal', 'Variants', 'Impressions', 'Conversions', 'Probably best'];

function table(list: readonly Experiment[], queries: LogQueries): Html {
  return html`<div class="scroll" role="region" aria-label="Experiments" tabindex="0"><table class="experiments">
<caption class="visually-hidden">All experiments, the newest first</caption>
<thead><tr>${COLUMNS.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>
${list.map((experiment) => row(experiment, queries))}</tbody>
</table></div>`;
}

function row(experiment: Experiment, queries: LogQueries): Html {
  const { key, name, status, primary, variants } = experiment;
  const { impressions, conversions, best } = outcome(experiment, queries);
  const goal = primary === undefined ? NONE : html`<span class="id">${primary}</span>`;
  return html`<tr>
<th scope="row"><a href="${experimentPath(experiment)}" class="name">${name}</a>
${key !== name && html`<span class="key">${key}</span>`}</th>
<td data-label="Status">${statusBadge(status)}</td>
<td data-label="Goal">${goal}</td>
<td data-label="Variants"><span class="name">${variants.map((variant) => variant.name).join(', ')}</span></td>
<td data-label="Impressions">${impressions}</td>
<td data-label="Conversions">${conversions}</td>
<td data-label="Probably best">${best}</td>
</tr>
`;
}

const NONE = html`<span class="none">–</span>`;

function outcome(
  experiment: Experiment,
  queries: LogQueries,
): Readonly<Record<'impressions' | 'conversions' | 'best', Content>> {
  if (experiment.runs.length === 0) return { impressions: NONE, conversions: NONE, best: NONE };
  const { variants, hasEnoughData } = queries.results(experiment);
  const leader = bestOf(variants);
  const winner = variants.find(({ id }) => id === experiment.winner);
  const sum = (counted: 'impressions' | 'conversions'): string =>
    count(variants.reduce((total, variant) => total + variant[counted], 0));
  const chance = html`<span class="figure">${probability(leader.probabilityToBeBest)} probability</span>`;
  return {
    impressions: sum('impressions'),
    conversions: sum('conversions'),
    best:
      winner !== undefined
        ? html`<span class="name">${winner.name}</span> <span class="figure">winner</span>`
        : hasEnoughData
          ? html`<span class="name">${leader.name}</span> ${chance}`
          : html`<span class="none">not enough data</span>`,
  };
}
