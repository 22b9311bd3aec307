import { count } from '../../core/counts.js';
import { toSid } from '../../protocol/identity.js';
import type { EventLine } from '../queries/log-queries.js';
import { type Content, type Html, html } from './html.js';
import { duration, moment } from './moments.js';
import { outcomeOf } from './verdict-badge.js';

// A property may have half a megabyte, which must not bloat a page of a hundred rows.
const MAX_PROPERTIES = 50;
const MAX_VALUE_LENGTH = 500;

/** All data of a row. */
export function eventDetails(line: EventLine): Html {
  const { event } = line;
  const { advice } = outcomeOf(line);
  const facts: [string, Content][] = [
    [
      'distinctId',
      event.distinctId ?? (line.verdict !== undefined && 'none: if it is sent again, it counts as another event'),
    ],
    ['happened', moment(event.time)],
    ['arrived', moment(event.receivedAt)],
    ['userId', event.userId],
    ['externalId', event.externalId],
    ['email', event.email],
    ['session', toSid(event.defaultProperties?.sid)],
    ['repeated', line.repeats > 0 && `${count(line.repeats)} times with this distinctId, counted once`],
  ];
  return html`<div class="details">
${advice !== undefined && html`<p class="advice">${advice}</p>`}
<dl class="facts">
${facts.map(([name, value]) => isPresent(value) && html`<div><dt>${name}</dt><dd>${shorten(value)}</dd></div>`)}
</dl>
${properties('eventProperties', event.eventProperties)}
${properties('userProperties', event.userProperties)}
${properties('defaultProperties', event.defaultProperties)}
${properties('identityContext', event.identityContext)}
</div>`;
}

function isPresent(value: Content): boolean {
  return value !== undefined && value !== false;
}

function shorten(value: Content): Content {
  if (typeof value !== 'string' || value.length <= MAX_VALUE_LENGTH) return value;
  return `${value.slice(0, MAX_VALUE_LENGTH)}… (${count(value.length)} characters)`;
}

// Networks are faster. A longer delay means that the event was reported later.
const ON_TIME_MS = 60_000;

/** How late a row arrived, if that is noticeable. */
export function delayOf({ event: { time, receivedAt } }: EventLine): Html | undefined {
  const delay = receivedAt - time;
  return delay < ON_TIME_MS
    ? undefined
    : html` <span class="delay" title="arrived ${duration(delay)} after it happened">${duration(delay)} old</span>`;
}

function properties(name: string, map: object | undefined): Html | undefined {
  const entries = Object.entries(map ?? {});
  if (entries.length === 0) return undefined;
  const rows = entries.slice(0, MAX_PROPERTIES).map(([property, value]) => {
    const text = typeof value === 'string' ? value : html`<code>${shorten(JSON.stringify(value))}</code>`;
    return html`<div><dt>${shorten(property)}</dt><dd>${shorten(text)}</dd></div>`;
  });
  const hidden = entries.length - MAX_PROPERTIES;
  return html`<h3>${name}</h3>
<dl class="facts">${rows}</dl>
${hidden > 0 && html`<p>and ${count(hidden)} more</p>`}`;
}
