import { count } from '../../core/counts.js';
import type { Experiment } from '../experiments/experiment.js';
import type { ExperimentReport, VariantReport } from '../queries/report.js';
import { percent, points, probability } from './figures.js';
import { type Html, html } from './html.js';
import { CONTROL_TAG, seriesClass, swatch } from './series.js';

/** The results of every variant. `goal` is the measured event. */
export function resultsTable({ winner }: Experiment, { variants }: ExperimentReport, goal: string): Html {
  const secondary = [...(variants[0]?.secondary.keys() ?? [])];
  const scale = {
    low: Math.min(...variants.map(({ interval95 }) => interval95.low)),
    high: Math.max(...variants.map(({ interval95 }) => interval95.high)),
  };
  return html`<div class="scroll" role="region" aria-label="Results by variant" tabindex="0"><table class="results">
<caption class="visually-hidden">Results for ${goal} by variant</caption>
<thead><tr>
${COLUMNS.map(([name, kind]) => html`<th scope="col"${kind === 'drawn' && html` class="wide"`}>${name}</th>`)}
${secondary.map((event) => html`<th scope="col"><span class="name">${event}</span></th>`)}
</tr></thead>
<tbody>
${variants.map((variant, place) => row(variant, place, scale, winner))}</tbody>
</table></div>
<p class="hint">An impression is a session that saw the variant. The expected loss is the average cost of choosing a variant,
in percentage points of the rate.</p>`;
}

const COLUMNS: readonly (readonly [name: string, kind: 'plain' | 'drawn'])[] = [
  ['Variant', 'plain'],
  ['Impressions', 'plain'],
  ['Conversions', 'plain'],
  ['Rate', 'plain'],
  ['95 % interval', 'drawn'],
  ['Probability to be best', 'drawn'],
  ['Expected loss', 'plain'],
];

function row(variant: VariantReport, place: number, scale: Interval95, winner: string | undefined): Html {
  const { impressions, conversions, conversionRate, probabilityToBeBest, expectedLoss, interval95 } = variant;
  return html`<tr>
<th scope="row">${swatch(place)} <span class="name">${variant.name}</span>${variant.isControl && CONTROL_TAG}
${variant.id === winner && html`<span class="badge good">winner</span>`}</th>
<td data-label="Impressions">${count(impressions)}</td>
<td data-label="Conversions">${count(conversions)}</td>
<td data-label="Rate"><b>${percent(conversionRate)}</b></td>
<td class="wide" data-label="95 % interval">${range(interval95, conversionRate, scale, place)}
<span class="figure">${percent(interval95.low)} to ${percent(interval95.high)}</span></td>
<td class="wide" data-label="Probability to be best">${gauge(probabilityToBeBest, place)}
<b class="figure">${probability(probabilityToBeBest)}</b></td>
<td data-label="Expected loss">${points(expectedLoss)}</td>
${[...variant.secondary].map(([event, sessions]) => html`<td data-label="${event}">${count(sessions)}</td>`)}
</tr>
`;
}

type Interval95 = VariantReport['interval95'];

/** The width of a drawing in its own units. The page scales it. */
const WIDTH = 200;

function drawing(kind: 'gauge' | 'range', place: number, shapes: Html): Html {
  const size = html`viewBox="0 0 ${WIDTH} 10" preserveAspectRatio="none"`;
  return html`<svg class="${kind} ${seriesClass(place)}" ${size} aria-hidden="true">${shapes}</svg>`;
}

function gauge(share: number, place: number): Html {
  const shapes = html`<rect class="track" width="${WIDTH}" height="10"/>
<rect class="fill" width="${(share * WIDTH).toFixed(1)}" height="10"/>`;
  return drawing('gauge', place, shapes);
}

/** All intervals are drawn over the same rates, so that overlaps are visible. */
function range({ low, high }: Interval95, rate: number, scale: Interval95, place: number): Html {
  const at = (value: number): number => ((value - scale.low) / (scale.high - scale.low)) * WIDTH;
  // The rate is outside its interval if all or none have converted.
  const tick = Math.max(0, Math.min(WIDTH - 2, at(rate) - 1));
  const shapes = html`<rect class="track" y="4.5" width="${WIDTH}" height="1"/>
<rect class="span" x="${at(low).toFixed(1)}" y="2.5" width="${(at(high) - at(low)).toFixed(1)}" height="5"/>
<rect class="fill" x="${tick.toFixed(1)}" width="2" height="10"/>`;
  return drawing('range', place, shapes);
}
