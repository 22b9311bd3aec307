import type { DailyReport, ExperimentReport } from '../report.js';
import { count, percent } from './figures.js';
import { type Html, html } from './html.js';
import { posteriorCurves } from './posterior-curves.js';
import { swatch } from './series.js';

/** What the script draws: one line for each variant, `null` where there is nothing to draw. */
interface Plot {
  readonly kind: 'rates' | 'days';
  readonly x: readonly number[];
  readonly lines: readonly (readonly (number | null)[])[];
}

type Variants = ExperimentReport['variants'];

/** Where each variant's true rate probably is. */
export function posteriorChart({ variants }: ExperimentReport): Html {
  const { rates, densities } = posteriorCurves(variants);
  const plot: Plot = { kind: 'rates', x: rates, lines: densities.map((line) => line.map(significant)) };
  return chart(
    'curves',
    'What is known of the rates',
    'The higher a curve, the more likely the rate below it. Variants whose curves overlap cannot be told apart yet.',
    'Curves of each variant’s probable conversion rate; the table above has their intervals as figures.',
    plot,
    variants,
  );
}

/** The rate of every day, and its figures as a table: for a single day the table alone, a line needs two points. */
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
    'Each UTC day’s conversions for its impressions. A late conversion stands on the day it happened.',
    'Conversion rate of each variant by day; the table below has the figures.',
    plot,
    variants,
  )}
${dailyTable(days, variants, { isOnly: false })}`;
}

// As many digits as a screen can show of a line.
function significant(value: number): number {
  return Number(value.toPrecision(5));
}

function chart(id: string, title: string, caption: string, label: string, plot: Plot, variants: Variants): Html {
  // Of the curves only the rate under the pointer means something to a reader, not their height.
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
  const table = html`<div class="scroll" role="region" aria-label="Figures of each day" tabindex="0"><table>
<caption class="visually-hidden">Conversions of impressions by day and variant</caption>
<thead><tr><th scope="col">Day</th>${variants.map(heading)}</tr></thead>
<tbody>
${days.toReversed().map(row)}</tbody>
</table></div>`;
  if (!isOnly)
    return html`<details class="figures"><summary>The figures of each day</summary>
${table}</details>`;
  return html`<section class="chart" aria-labelledby="daily"><h3 id="daily">Day by day</h3>
<p>There is one day so far: a line comes with the second.</p>
${table}</section>`;
}

const NOTHING = { impressions: 0, conversions: 0, conversionRate: 0 };
