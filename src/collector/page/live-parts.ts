import { count, counted } from '../../core/counts.js';
import type { LogQueries } from '../queries/log-queries.js';
import type { RefusedRow } from '../store/collected-event.js';
import { eventRow } from './event-row.js';
import { type Html, html } from './html.js';
import { clock } from './moments.js';
import { CLEAR_PATH, type EventsQuery, withQuery } from './paths.js';

const PAGE_ROWS = 100;

/** The parts of the live page that are updated. They keep their ids. */
export interface LiveParts {
  readonly totals: Html;
  readonly refused: Html;
  readonly rows: Html;
  /** The URL of older events, if there are any. */
  readonly older: string | undefined;
}

/** The newest rows that match, with their current verdicts. */
export function liveParts(queries: LogQueries, query: EventsQuery, now: number): LiveParts {
  const { event, visitor: name, before } = query;
  // Reads one more row to find out whether there are older ones.
  const found = queries.events({ event, name, before, limit: PAGE_ROWS + 1 });
  const lines = found.slice(0, PAGE_ROWS);
  const last = lines.at(-1);
  return {
    totals: totals(queries),
    refused: refused(queries.refused(), now),
    rows: html`<ol id="rows" class="rows" reversed data-limit="${PAGE_ROWS}">
${lines.map((line) => eventRow(line, now))}</ol>`,
    older:
      found.length > lines.length && last !== undefined ? withQuery('/', { ...query, before: last.number }) : undefined,
  };
}

function totals({ totals: { events, duplicates }, refused }: LogQueries): Html {
  const isEmpty = events === 0 && refused().length === 0;
  return html`<p id="totals" class="totals"><b>${count(events)}</b> stored <span aria-hidden="true">·</span>
<b>${count(duplicates)}</b> repeated and ignored
${!isEmpty && html`<span aria-hidden="true">·</span> <a href="${CLEAR_PATH}">Clear events…</a>`}</p>`;
}

/** Always present, so that the first refusal does not move the page. */
function refused(rows: readonly RefusedRow[], now: number): Html {
  const items = rows.map(
    ({ receivedAt, message }) => html`<li><span class="when">${clock(receivedAt, now)}</span> ${message}</li>`,
  );
  if (rows.length === 0) return html`<div id="refused" class="refused"><p>No row was refused.</p></div>`;
  return html`<div id="refused" class="refused some"><details>
<summary>${counted(rows.length, 'row')} refused, not stored</summary>
<ul>${items}</ul>
</details></div>`;
}
