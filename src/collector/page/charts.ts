import { count } from '../../core/counts.js';
import type { DailyReport, ExperimentReport } from '../queries/report.js';
import { percent } from './figures.js';
import { type Html, html } from './html.js';
import { posteriorCurves } from './posterior-curves.js';
import { swatch } from './series.js';

/** The data for the script: one line for each variant, `null` for gaps. */
interface Plot {
  readonly kind: 'rates' | 'days';
  readonly x: readonly number[];
  readonly lines: readonly (readonly (number | null)[])[];
}

type Variants = ExperimentReport['variants'];

/** The posterior distribution of each variant's rate. */
export function posteriorChart({ variants }: ExperimentReport): Html {
  const { rates, densities } = posteriorCurves(variants);
  const plot: Plot = { kind: 'rates', x: rates, lines: densities.map((line) => line.map(significant)) };
  return chart(
    'curves',
    'Probable rates',
    'The higher a curve, the more probable the rate below it. Variants with overlapping curves cannot be told apart yet.',
    'Curves of each variant’s probable conversion rate. The table above lists the intervals.',
    plot,
    variants,
  );
}

/** The rate of every day, as a chart and a table. For a single day only the table, because a line needs two points. */
export function dailyChart({ days }: DailyReport, variants: Variants): Html {
  if (days.length < 2) return dailyTable(days, variants, { isOnly: true });
  const plot: Plot = {
    kind: 'days',
    x: days.map(({ date }) => Date.parse(date) / 1000),
    lines: variants.map(({ id }) => {
      return days.map((day) => {
        const found = day.variants.find((variant) => variant.id === id);
        return found === undefined || found.impressions === 0 ? null : significant(found.conversionRate);
      });
    }),
  };
  return html`${chart(
    'daily',
    'Day by day',
    'The conversion rate of each UTC day. A late conversion counts on the day when it happened.',
    'Conversion rate of each variant by day. The table below lists the figures.',
    plot,
    variants,
  )}
${dailyTable(days, variants, { isOnly: false })}`;
}

// More digits would not be visible.
function significant(value: number): number {
  return Number(value.toPrecision(5));
}

function chart(id: string, title: string, caption: string, label: string, plot: Plot, variants: Variants): Html {
  // The height of the curves has no meaning for readers, so only the rate under the pointer is shown.
  const value = plot.kind === 'days' && html` <span class="value" aria-hidden="true"></span>`;
  const legend = variants.map(({ name }, place) => {
    return html`<li>${swatch(place)} <span class="name">${name}</span>${value}</li>`;
  });
  return html`<figure class="chart" aria-labelledby="${id}">
<h3 id="${id}">${title}</h3>
<p class="at" aria-hidden="true"></p>
<figcaption>${caption}</figcaption>
<ul class="legend">${legend}</ul>
<div class="plot" role="img" aria-label="${label}" data-plot="${JSON.stringify(plot)}"></div>
</figure>`;
}

function dailyTable(days: DailyReport['days'], variants: Variants, { isOnly }: { readonly isOnly: boolean }): Html {
  const cell = ({ impressions, conversions, conversionRate }: typeof NOTHING): Html => {
    const rate = impressions > 0 && html` <span class="share">${percent(conversionRate)}</span>`;
    return html`<td>${count(conversions)} of ${count(impressions)}${rate}</td>`;
  };
  const row = ({ date, variants: counts }: DailyReport['days'][number]): Html => html`<tr><th scope="row">${date}</th>
${variants.map(({ id }) => cell(counts.find((variant) => variant.id === id) ?? NOTHING))}
</tr>
`;
  const heading = ({ name }: Variants[number], place: number): Html =>
    html`<th scope="col">${swatch(place)} <span class="name">${name}</span></th>`;
  const table = html`<div class="scroll" role="region" aria-label="Daily figures" tabindex="0"><table>
<caption class="visually-hidden">Conversions of impressions by day and variant</caption>
<thead><tr><th scope="col">Day</th>${variants.map(heading)}</tr></thead>
<tbody>
${days.toReversed().map(row)}</tbody>
</table></div>`;
  if (!isOnly)
    return html`<details class="figures"><summary>Daily figures</summary>
${table}</details>`;
  return html`<section class="chart" aria-labelledby="daily"><h3 id="daily">Day by day</h3>
<p>There is only one day so far. The chart appears on the second day.</p>
${table}</section>`;
}

const NOTHING = { impressions: 0, conversions: 0, conversionRate: 0 };
