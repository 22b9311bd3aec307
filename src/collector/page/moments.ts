import { DAY_MS } from '../measuring/day.js';
import { type Html, html } from './html.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const UNITS: readonly (readonly [ms: number, name: string])[] = [
  [DAY_MS, 'd'],
  [HOUR, 'h'],
  [MINUTE, 'min'],
  [SECOND, 's'],
];

/** A duration in its two largest units: `9 d 3 h`, `12 min 5 s`, `0 s`. */
export function duration(ms: number): string {
  const first = UNITS.findIndex(([unit]) => ms >= unit);
  if (first < 0) return '0\u00A0s';
  let rest = ms;
  return UNITS.slice(first, first + 2)
    .flatMap(([unit, name]) => {
      const whole = Math.floor(rest / unit);
      rest -= whole * unit;
      return whole === 0 ? [] : `${whole}\u00A0${name}`;
    })
    .join(' ');
}

/** The UTC day, `YYYY-MM-DD`. */
export function dayOf(time: number): string {
  return isoOf(time).slice(0, 10);
}

/** `2026-03-14 14:03:22` in UTC, like all times of the pages. */
export function moment(time: number): Html {
  const iso = isoOf(time);
  return html`<time datetime="${iso}" title="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)}</time>`;
}

/** `14:03:22` on the day of `today`, `03-12 14:03` on other days. */
export function clock(time: number, today: number): Html {
  const iso = isoOf(time);
  const shown = dayOf(time) === dayOf(today) ? iso.slice(11, 19) : `${iso.slice(5, 10)} ${iso.slice(11, 16)}`;
  return html`<time datetime="${iso}" title="${iso}">${shown}</time>`;
}

// The largest time of a Date, in milliseconds since the epoch.
const LAST_TIME = 8.64e15;

/** Senders may use any integer as a time, so times beyond the range of Date are clamped. */
function isoOf(time: number): string {
  return new Date(Math.max(-LAST_TIME, Math.min(LAST_TIME, time))).toISOString();
}
