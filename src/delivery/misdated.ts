import type { Episodes } from '../logger.js';
import type { Entry } from '../protocol/event.js';
import type { ClockReading } from '../protocol/time.js';
import { sentTime } from './sent-time.js';

/** A smaller mistake changes no verdict that a person would wonder about. */
const WORTH_SAYING_MS = 1_000;

/**
 * Warns of delivered events whose time turns out to be wrong: they went out with the first request, before any answer had shown
 * that this machine's clock is slow. They may seem to lie before the assignment that led to them.
 */
export function warnOfMisdated(
  entries: readonly Entry[],
  sent: ClockReading,
  now: ClockReading,
  episodes: Episodes,
): void {
  // A clock that was known has been allowed for.
  if (sent.state !== 'unchecked') return;
  const shifts = entries
    .filter(({ kind }) => kind === 'track')
    .map((entry) => Math.abs(sentTime(entry, now) - sentTime(entry, sent)))
    .filter((ms) => ms >= WORTH_SAYING_MS);
  if (shifts.length === 0) return;
  const seconds = Math.round(Math.max(...shifts) / 1_000);
  episodes.remind(
    'misdated',
    `this machine's clock is ${seconds} s slow: ${shifts.length} events were delivered with times that are so much too early, and may count as before_assignment. Later events get the service's time. Synchronise the clock (NTP).`,
  );
}
