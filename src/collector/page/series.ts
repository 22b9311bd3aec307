import { type Html, html } from './html.js';

// As many as the style sheet has colours for; a seventh variant wears the first one's, with a dashed line.
const COLOURS = 6;

/** The class that gives a variant its colour everywhere: the table, the bars and the charts. */
export function seriesClass(index: number): string {
  return `series-${index % COLOURS}`;
}

/** A variant's name beside its colour. */
export function swatch(index: number): Html {
  return html`<span class="swatch ${seriesClass(index)}" aria-hidden="true"></span>`;
}

/** Stands beside the name of the variant that the others are compared with. */
export const CONTROL_TAG: Html = html` <span class="tag">control</span>`;
