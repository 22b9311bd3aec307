import { createHash } from 'node:crypto';
import { toSid } from '../../protocol/identity.js';
import type { EventLine } from '../insight.js';
import { delayOf, eventDetails } from './event-details.js';
import { count } from './figures.js';
import { type Html, html } from './html.js';
import { clock } from './moments.js';
import { visitorPath } from './paths.js';
import { verdictOf } from './verdict-badge.js';

/** One line of the live events. `data-version` changes with whatever it shows: the script replaces no equal one. */
export function eventRow(line: EventLine, today: number): Html {
  const { number, event, visitor } = line;
  const name = event.userId ?? event.externalId ?? event.email ?? '';
  const content = html`<div class="line">
<span class="when">${clock(event.receivedAt, today)}</span>
<span class="what"><span class="name" title="${event.event}">${event.event}</span>${tagsOf(line)}${delayOf(line)}</span>
<span class="who"><span class="visually-hidden">visitor</span>
<a href="${visitorPath(visitor)}" title="${name}">${abbreviate(name)}</a></span>
<span class="session">${sessionOf(line)}</span>
${verdictOf(line)}
</div>
${foldedDetails(line)}`;
  return html`<li class="row" id="event-${number}" data-number="${number}" data-version="${versionOf(content)}">
${content}</li>
`;
}

function sessionOf({ event }: EventLine): Html {
  const sid = toSid(event.defaultProperties?.sid);
  if (sid === undefined) return html`<span class="none">no session</span>`;
  return html`<span class="visually-hidden">session</span> <span title="${sid}">${abbreviate(sid)}</span>`;
}

/** What sets a row apart: sent for a test, or sent again. */
export function tagsOf({ isTest, repeats }: EventLine): Html {
  const times = count(repeats + 1);
  return html`${isTest && html` <span class="tag">Test</span>`}
${repeats > 0 && html` <span class="tag" title="came ${times} times, counted once">×${times}</span>`}`;
}

/** Everything the row brought, behind a triangle. */
export function foldedDetails(line: EventLine): Html {
  return html`<details><summary><span class="visually-hidden">Details of event ${line.number}</span></summary>
${eventDetails(line)}</details>`;
}

const LONGEST = 14;

/** Ids differ at their ends as well as at their beginnings. */
function abbreviate(id: string): string {
  return id.length <= LONGEST ? id : `${id.slice(0, 8)}…${id.slice(-4)}`;
}

function versionOf(content: Html): string {
  return createHash('sha1').update(content.toString()).digest('base64url').slice(0, 10);
}
