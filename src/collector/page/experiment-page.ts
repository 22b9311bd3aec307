import type { Problem } from '../experiments/actions.js';
import type { Experiment } from '../experiments/experiment.js';
import { missingForStart } from '../experiments/lifecycle.js';
import type { Answer } from '../http/answer.js';
import { runtimeDays } from '../queries/days.js';
import type { LogQueries } from '../queries/log-queries.js';
import { dailyChart, posteriorChart } from './charts.js';
import { experimentControls } from './experiment-controls.js';
import { experimentDefinition, statusBadge } from './experiment-definition.js';
import { type Html, html } from './html.js';
import type { ShowPage } from './layout.js';
import { EXPERIMENTS_PATH, experimentPath, withQuery } from './paths.js';
import { resultNotices } from './result-notices.js';
import { resultsTable } from './results-table.js';

export interface ExperimentView {
  readonly experiment: Experiment;
  /** The event to measure as if it were the goal. @default the goal */
  readonly eventName?: string | undefined;
  /** Why an action failed. */
  readonly problem?: Problem;
}

/** An experiment with its state, its results and its definition. */
export function experimentPage(show: ShowPage, queries: LogQueries, view: ExperimentView, now: number): Answer {
  const { experiment, eventName, problem } = view;
  const goal = eventName ?? experiment.primary;
  const hasRun = experiment.runs.length > 0 && goal !== undefined;
  return show({
    title: experiment.name,
    section: 'experiments',
    status: problem?.status ?? 200,
    hasCharts: hasRun,
    main: html`<p class="crumb"><a href="${EXPERIMENTS_PATH}">Experiments</a></p>
<div class="heading"><h1><span class="name">${experiment.name}</span> ${statusBadge(experiment.status)}</h1>
${experimentControls(experiment)}</div>
${experiment.key !== experiment.name && html`<p class="key"><code>${experiment.key}</code></p>`}
${problem !== undefined && html`<p class="notice bad" role="alert">${problem.message}</p>`}
${hasRun ? results(queries, experiment, goal, eventName, now) : notYet(experiment)}
<section aria-labelledby="definition"><h2 id="definition">Definition</h2>
${experimentDefinition(experiment)}
</section>`,
  });
}

function notYet(experiment: Experiment): Html {
  const missing = missingForStart(experiment);
  const needs = missing.length > 0 && html` To start, it needs ${missing.join(' and ')}.`;
  return html`<p class="notice">There are no results: the experiment has not been started.${needs}</p>`;
}

function results(
  queries: LogQueries,
  experiment: Experiment,
  goal: string,
  eventName: string | undefined,
  now: number,
): Html {
  const report = queries.results(experiment, eventName);
  const path = experimentPath(experiment);
  const { from, to } = runtimeDays(experiment, queries.firstExposure(experiment, eventName), now);
  return html`<section aria-labelledby="results">
<div class="bar"><h2 id="results">Results for <span class="id">${goal}</span></h2>
${eventName !== undefined && html`<p>Measured as if it were the goal. <a href="${path}">Back to the goal</a></p>`}</div>
${resultNotices(experiment, report)}
${resultsTable(experiment, report, goal)}
<div class="charts">
${posteriorChart(report)}
<div>${dailyChart(queries.daily(experiment, from, to, eventName), report.variants)}</div>
</div>
${otherEvent(experiment, eventName)}
</section>`;
}

function otherEvent(experiment: Experiment, eventName: string | undefined): Html {
  const links = experiment.secondary
    .filter((event) => event !== eventName)
    .map((event) => html` <a href="${withQuery(experimentPath(experiment), { eventName: event })}">${event}</a>`);
  return html`<form class="filter" method="get" action="${experimentPath(experiment)}">
<label>Measure another event
<input name="eventName" value="${eventName ?? ''}" required autocomplete="off" spellcheck="false"></label>
<button>Show</button>${links}
</form>`;
}
