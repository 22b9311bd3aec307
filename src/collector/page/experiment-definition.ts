import type { Experiment, ExperimentStatus, QueryRule, Variant } from '../experiments/experiment.js';
import { setting } from './figures.js';
import { type Content, type Html, html } from './html.js';
import { moment } from './moments.js';
import { CONTROL_TAG, swatch } from './series.js';
import type { Tone } from './verdict-badge.js';

const STATUS_TONES: Readonly<Record<ExperimentStatus, Tone>> = {
  draft: 'quiet',
  running: 'good',
  paused: 'missed',
  completed: 'shown',
};

export function statusBadge(status: ExperimentStatus): Html {
  return html`<span class="badge ${STATUS_TONES[status]}">${status}</span>`;
}

/** The definition of an experiment, and when it ran. */
export function experimentDefinition(experiment: Experiment): Html {
  const { id, type, variants, primary, secondary, allocation, targeting, runs, pauses, rollout } = experiment;
  const rolledOut = variants.find((variant) => variant.id === rollout);
  const facts: [string, Content][] = [
    ['Id', html`<code>${id}</code>`],
    ['Type', type],
    ['Goal', primary === undefined ? 'none yet' : html`<code>${primary}</code>`],
    ['Secondary', codes(secondary) ?? 'none'],
    ['Traffic', `${setting(allocation)} of ${targeting.visitors === 'all' ? 'all' : targeting.visitors} visitors`],
    ['Pages', codes(targeting.urls) ?? 'every page'],
    ['Query', targeting.query.length === 0 ? 'any' : codes(targeting.query.map(ruleOf))],
    ['Ran', runs.length === 0 ? 'never' : intervals(runs)],
    ['Paused', pauses.length === 0 ? 'never' : intervals(pauses)],
    ...(rolledOut === undefined ? [] : [['Rolled out', rolledOut.name] satisfies [string, Content]]),
  ];
  const row = ({ name, isControl, share }: Variant, place: number): Html => html`<tr>
<th scope="row">${swatch(place)} <span class="name">${name}</span>${isControl && CONTROL_TAG}</th>
<td>${setting(share)}</td>
</tr>
`;
  return html`<div class="definition">
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
<table>
<caption class="visually-hidden">Variants</caption>
<thead><tr><th scope="col">Variant</th><th scope="col">Weight</th></tr></thead>
<tbody>
${variants.map(row)}</tbody>
</table>
</div>`;
}

function ruleOf({ parameter, operator, value }: QueryRule): string {
  return [parameter, operator.replaceAll('_', ' '), ...(value === undefined ? [] : [value])].join(' ');
}

function codes(texts: readonly string[]): Content {
  return texts.length === 0 ? undefined : texts.map((text) => html`<code>${text}</code> `);
}

function intervals(list: Experiment['runs']): Html[] {
  const edge = (time: number, unknown: string): Content => (Number.isFinite(time) ? moment(time) : unknown);
  return list.map(([from, to]) => html`<span class="span">${edge(from, 'always')} to ${edge(to, 'now')}</span> `);
}
