import { toSid } from '../../protocol/identity.js';
import type { EventLine } from '../insight.js';
import { count } from './figures.js';
import { type Content, type Html, html } from './html.js';
import { duration, moment } from './moments.js';
import { fateOf } from './verdict-badge.js';

// Senders may send half a megabyte in one property; the page of a hundred rows must stay a page.
const MAX_PROPERTIES = 50;
const MAX_VALUE_LENGTH = 500;

/** Everything a row brought, as it came. */
export function eventDetails(line: EventLine): Html {
  const { event } = line;
  const { advice } = fateOf(line);
  const facts: [string, Content][] = [
    ['distinctId', event.distinctId ?? (line.verdict !== undefined && 'none: sent again, it is another event')],
    ['happened', moment(event.time)],
    ['arrived', moment(event.receivedAt)],
    ['userId', event.userId],
    ['externalId', event.externalId],
    ['email', event.email],
    ['session', toSid(event.defaultProperties?.sid)],
    ['came again', line.repeats > 0 && `${count(line.repeats)} times under this distinctId, counted once`],
  ];
  return html`<div class="details">
${advice !== undefined && html`<p class="advice">${advice}</p>`}
<dl class="facts">
${facts.map(([name, value]) => isSaid(value) && html`<div><dt>${name}</dt><dd>${shorten(value)}</dd></div>`)}
</dl>
${properties('eventProperties', event.eventProperties)}
${properties('userProperties', event.userProperties)}
${properties('defaultProperties', event.defaultProperties)}
${properties('identityContext', event.identityContext)}
</div>`;
}

function isSaid(value: Content): boolean {
  return value !== undefined && value !== false;
}

function shorten(value: Content): Content {
  if (typeof value !== 'string' || value.length <= MAX_VALUE_LENGTH) return value;
  return `${value.slice(0, MAX_VALUE_LENGTH)}… (${count(value.length)} characters)`;
}

// A network takes moments; what took longer was reported from behind.
const ON_TIME_MS = 60_000;

/** How long after it happened a row came, where that is worth a word. */
export function delayOf({ event: { time, receivedAt } }: EventLine): Html | undefined {
  const delay = receivedAt - time;
  return delay < ON_TIME_MS
    ? undefined
    : html` <span class="delay" title="came ${duration(delay)} after it happened">${duration(delay)} old</span>`;
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
