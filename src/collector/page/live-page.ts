import type { Answer } from '../http/answer.js';
import type { RouteRequest } from '../http/route.js';
import type { LogQueries } from '../queries/log-queries.js';
import { type Html, html } from './html.js';
import type { ShowPage } from './layout.js';
import { liveParts } from './live-parts.js';
import { EVENTS_PATH, type EventsQuery, STREAM_PATH, withQuery } from './paths.js';

/** Reads the filter. */
export function eventsQueryOf({ searchParams }: URL): EventsQuery {
  const before = Number(searchParams.get('before'));
  return {
    event: searchParams.get('event') || undefined,
    visitor: searchParams.get('visitor') || undefined,
    before: Number.isSafeInteger(before) && before > 0 ? before : undefined,
  };
}

export interface LiveView {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The source token for the example; `undefined` if only the user's tokens are accepted. */
  readonly exampleToken: string | undefined;
}

/** The page of events, the newest first. */
export function livePage(show: ShowPage, queries: LogQueries, { url, headers }: RouteRequest, view: LiveView): Answer {
  const { now, exampleToken } = view;
  const query = eventsQueryOf(url);
  const { before, ...filter } = query;
  const isFiltered = filter.event !== undefined || filter.visitor !== undefined;
  const { totals, refused, rows, older } = liveParts(queries, query, now);
  const nothing = queries.totals.events === 0 ? gettingStarted(headers.host ?? url.host, exampleToken) : NO_MATCH;
  return show({
    title: 'Events',
    section: 'events',
    main: html`<div class="heading"><h1>Events</h1>${totals}</div>
<form class="filter" method="get" action="${EVENTS_PATH}" role="search">
  <label>Event <input type="search" name="event" value="${filter.event ?? ''}" placeholder="part of its name"></label>
  <label>Visitor
  <input type="search" name="visitor" value="${filter.visitor ?? ''}" placeholder="part of an id or address"></label>
  <button>Filter</button>
  ${isFiltered && html`<a href="${EVENTS_PATH}">Show all</a>`}
</form>
${refused}
<section aria-labelledby="arrived" class="arrived">
<div class="bar">
  <h2 id="arrived">${before === undefined ? 'Newest first' : 'Earlier events'}</h2>
  ${before === undefined ? liveControls(withQuery(STREAM_PATH, filter)) : backToNewest(withQuery(EVENTS_PATH, filter))}
</div>
<div class="columns" aria-hidden="true">${COLUMNS.map((name) => html`<span>${name}</span>`)}</div>
${rows}
<div class="empty">${nothing}</div>
</section>
${older !== undefined && html`<p class="older"><a href="${older}">Older events</a></p>`}`,
  });
}

/** Shown by the script. Without scripts the page does not update. */
function liveControls(stream: string): Html {
  return html`<div class="live" id="live" data-stream="${stream}" hidden>
<p class="visually-hidden" role="status" id="said"></p>
<button type="button" id="waiting" hidden></button>
<p class="state" id="state">Connecting</p>
<button type="button" id="pause" aria-pressed="false">Pause</button>
</div>`;
}

function backToNewest(path: string): Html {
  return html`<p><a href="${path}">Back to the newest</a></p>`;
}

const COLUMNS = ['Arrived', 'Event', 'Visitor', 'Session', 'Verdict and reason'];

const NO_MATCH = html`<p>No event matches.</p>`;

/** A complete program. It needs no flush, because a process sends its events before it ends. */
function gettingStarted(host: string, exampleToken: string | undefined): Html {
  const token = exampleToken === undefined ? 'process.env.OURS_TOKEN' : `'${exampleToken}'`;
  return html`<p>Nothing has arrived yet. Save these three lines as <code>first.mjs</code> and run
<code>node first.mjs</code> to send a first event:</p>
<pre><code>import { createClient } from 'ours-ingest';
const ours = createClient({ token: ${token}, baseUrl: 'http://${host}/api/v1' });
ours.track({ event: 'hello', userId: 'me' });</code></pre>`;
}
