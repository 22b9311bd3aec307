import { createHash } from 'node:crypto';
import { count } from '../../core/counts.js';
import { toSid } from '../../protocol/identity.js';
import type { EventLine } from '../queries/log-queries.js';
import { delayOf, eventDetails } from './event-details.js';
import { type Html, html } from './html.js';
import { clock } from './moments.js';
import { visitorPath } from './paths.js';
import { verdictOf } from './verdict-badge.js';

/** One row of the live events. `data-version` changes with its content, so that the script only replaces changed rows. */
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

/** Tags for rows in test mode and repeated rows. */
export function tagsOf({ isTest, repeats }: EventLine): Html {
  const times = count(repeats + 1);
  return html`${isTest && html` <span class="tag">Test</span>`}
${repeats > 0 && html` <span class="tag" title="received ${times} times, counted once">×${times}</span>`}`;
}

/** The details of a row, folded. */
export function foldedDetails(line: EventLine): Html {
  return html`<details><summary><span class="visually-hidden">Details of event ${line.number}</span></summary>
${eventDetails(line)}</details>`;
}

const LONGEST = 14;

/** Keeps the start and the end, because ids may differ in either. */
function abbreviate(id: string): string {
  return id.length <= LONGEST ? id : `${id.slice(0, 8)}…${id.slice(-4)}`;
}

function versionOf(content: Html): string {
  return createHash('sha1').update(content.toString()).digest('base64url').slice(0, 10);
}
