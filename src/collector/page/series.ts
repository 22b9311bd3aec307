import { type Html, html } from './html.js';

// The number of colours in the style sheet. A seventh variant reuses the first colour with a dashed line.
const COLOURS = 6;

/** The class that gives a variant its colour in the table, the bars and the charts. */
export function seriesClass(index: number): string {
  return `series-${index % COLOURS}`;
}

/** The colour of a variant, to show next to its name. */
export function swatch(index: number): Html {
  return html`<span class="swatch ${seriesClass(index)}" aria-hidden="true"></span>`;
}

/** The tag of the control. */
export const CONTROL_TAG: Html = html` <span class="tag">control</span>`;
