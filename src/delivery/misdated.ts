import type { WarnOnce } from '../core/logger.js';
import type { Entry } from '../protocol/event.js';
import type { ClockReading } from '../protocol/time.js';
import { sentTime } from './sent-time.js';

/** One response tells the service's clock to within a second plus its own latency. */
const WORTH_SAYING_MS = 2_000;

/**
 * Warns of delivered events whose time is too early: the first request was sent before any response had shown that this
 * machine's clock is slow. Such events may appear to precede their assignment. A fast clock does no such harm: the service
 * refuses its events, and they are retried with the right time.
 */
export function warnOfMisdated(
  entries: readonly Entry[],
  sent: ClockReading,
  now: ClockReading,
  warnings: WarnOnce,
): void {
  // A known clock was already corrected.
  if (sent.state !== 'unchecked') return;
  const shifts = entries
    .filter(({ kind }) => kind === 'track')
    .map((entry) => sentTime(entry, now) - sentTime(entry, sent))
    .filter((ms) => ms >= WORTH_SAYING_MS);
  if (shifts.length === 0) return;
  const seconds = Math.round(Math.max(...shifts) / 1_000);
  warnings.throttled(
    'misdated',
    `this machine's clock is about ${seconds} s slow: ${shifts.length} events were delivered with too early a time and may count as before_assignment. Later events get the service's time. Synchronise this machine's clock (NTP).`,
  );
}
