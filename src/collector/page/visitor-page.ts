import { count, counted } from '../../core/counts.js';
import type { Answer } from '../http/answer.js';
import type { EventLine, LogQueries } from '../queries/log-queries.js';
import { delayOf } from './event-details.js';
import { foldedDetails, tagsOf } from './event-row.js';
import { type Html, html } from './html.js';
import { refusalPage, type ShowPage } from './layout.js';
import { duration, moment } from './moments.js';
import { EVENTS_PATH } from './paths.js';
import { type SessionTimeline, timelinesOf } from './session-timeline.js';
import { outcomeOf, verdictOf } from './verdict-badge.js';

// Limits for the visitors of load tests.
const MAX_EVENTS = 500;
const MAX_NAMES = 20;

/** The names and events of a visitor, session by session. */
export function visitorPage(show: ShowPage, queries: LogQueries, number: string | undefined): Answer {
  const history = /^\d{1,15}$/.test(number ?? '') ? queries.visitor(Number(number), MAX_EVENTS) : undefined;
  if (history === undefined) return refusalPage(show, 404, 'No such visitor', 'No visitor has this number.');
  const { visitor, names, events, total } = history;
  const { sessions, outside } = timelinesOf(events);
  return show({
    title: `Visitor ${visitor}`,
    section: 'events',
    main: html`<p class="crumb"><a href="${EVENTS_PATH}">Events</a></p>
<div class="heading"><h1>Visitor ${visitor}</h1>
<p class="totals"><b>${counted(total, 'event')}</b> in <b>${counted(history.sessions, 'session')}</b></p></div>
<ul class="names" aria-label="Names of this visitor">${names.slice(0, MAX_NAMES).map(nameOf)}</ul>
${names.length > MAX_NAMES && html`<p>and ${count(names.length - MAX_NAMES)} more names</p>`}
${events.length < total && html`<p class="notice">Only the latest ${count(MAX_EVENTS)} events are shown.</p>`}
${sessions.map(sessionOf)}
${outside.length > 0 && outsideOf(outside)}`,
  });
}

/** Splits `user:…`, `external:…` and `email:…` at the first colon. */
function nameOf(name: string): Html {
  const colon = name.indexOf(':');
  return html`<li><span class="kind">${name.slice(0, colon)}</span>
<span class="name">${name.slice(colon + 1)}</span></li>`;
}

function sessionOf({ sid, lines }: SessionTimeline, index: number): Html {
  const first = lines[0]!.event.time;
  const lasted = lines.at(-1)!.event.time - first;
  const id = `session-${index + 1}`;
  return html`<section class="session-block" aria-labelledby="${id}">
<div class="bar"><h2 id="${id}">Session <span class="id">${sid}</span></h2>
<p>${moment(first)}${lasted > 0 && html`, over ${duration(lasted)}`}, ${counted(lines.length, 'event')}</p></div>
<ol class="timeline">${lines.map((line) => stepOf(line, offset(line.event.time - first)))}</ol>
</section>
`;
}

function outsideOf(lines: readonly EventLine[]): Html {
  return html`<section class="session-block outside" aria-labelledby="outside">
<div class="bar"><h2 id="outside">Outside any session</h2>
<p>These events have no session id, so a goal among them cannot count.</p></div>
<ol class="timeline">${lines.map((line) => stepOf(line, undefined))}</ol>
</section>
`;
}

function stepOf(line: EventLine, since: string | undefined): Html {
  const { number, event } = line;
  return html`<li class="step ${outcomeOf(line).tone}" id="event-${number}">
<div class="line">
<span class="when">${since ?? moment(event.time)}</span>
<span class="what"><span class="name">${event.event}</span>${tagsOf(line)}${delayOf(line)}</span>
${verdictOf(line)}
</div>
${foldedDetails(line)}
</li>
`;
}

function offset(ms: number): string {
  return ms < 1000 ? 'start' : `+ ${duration(ms)}`;
}
