import { boundsOf } from '../../transport/clock.js';
import { durationInWords } from '../amounts.js';
import type { ProbeAnswer } from '../probe.js';
import type { Check } from './check.js';

const NOTICEABLE_MS = 5_000;
const WRONG_MS = 3 * 60_000;

/** This machine's clock beside the service's; nothing when the service did not tell its own. */
export function checkClock({ date, sentAt, receivedAt }: ProbeAnswer): Check[] {
  const bounds = boundsOf(date, sentAt, receivedAt);
  if (bounds === undefined) return [];
  // Whatever lies within the bounds may be no difference at all.
  const skewMs = Math.max(bounds.low, 0) + Math.min(bounds.high, 0);
  const apartMs = Math.abs(skewMs);
  if (apartMs <= NOTICEABLE_MS) return [{ check: 'clock', level: 'ok', message: 'agrees with the service’s.' }];
  const direction =
    skewMs < 0
      ? 'ahead of the service’s: times that your code takes from it lie in the future.'
      : 'behind the service’s: events seem older than they are, and a conversion may seem to come before its impression.';
  const advice =
    'The client corrects the times it stamps, and times you pass that the service would refuse. Synchronise the machine (NTP).';
  const level = apartMs > WRONG_MS ? 'error' : 'warning';
  return [{ check: 'clock', level, message: `is ${durationInWords(apartMs)} ${direction} ${advice}` }];
}
