import type { WarnOnce } from '../core/logger.js';
import type { Entry } from '../protocol/event.js';
import type { ClockReading } from '../protocol/time.js';
import { sentTime } from './sent-time.js';

/** One answer tells the service's clock to a second and its own way. */
const WORTH_SAYING_MS = 2_000;

/**
 * Warns of delivered events whose time turns out to be too early: they went out with the first request, before any answer had
 * shown that this machine's clock is slow. They may seem to have happened before the assignment that led to them. A fast clock
 * does no such harm: the service refuses its events, and they go again with the right time.
 */
export function warnOfMisdated(
  entries: readonly Entry[],
  sent: ClockReading,
  now: ClockReading,
  warnings: WarnOnce,
): void {
  // A clock that was known has been allowed for.
  if (sent.state !== 'unchecked') return;
  const shifts = entries
    .filter(({ kind }) => kind === 'track')
    .map((entry) => sentTime(entry, now) - sentTime(entry, sent))
    .filter((ms) => ms >= WORTH_SAYING_MS);
  if (shifts.length === 0) return;
  const seconds = Math.round(Math.max(...shifts) / 1_000);
  warnings.throttled(
    'misdated',
    `this machine's clock is about ${seconds} s slow: events were delivered with times that are too early by as much (${shifts.length}), and may count as before_assignment. Later events get the service's time. Synchronise the clock (NTP).`,
  );
}
