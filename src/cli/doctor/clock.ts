import { createSkewedClock } from '../../delivery/clock.js';
import { durationInWords } from '../amounts.js';
import type { ProbeAnswer } from '../probe.js';
import type { Check } from './check.js';

const NOTICEABLE_MS = 5_000;
const WRONG_MS = 3 * 60_000;

/** This machine's clock beside the service's; nothing when the service did not tell its own. */
export function checkClock({ date, sentAt, receivedAt }: ProbeAnswer): Check[] {
  if (date === undefined) return [];
  const clock = createSkewedClock(Date.now);
  clock.learn(date, sentAt, receivedAt);
  const apartMs = Math.abs(clock.skewMs);
  if (apartMs <= NOTICEABLE_MS) return [{ check: 'clock', level: 'ok', message: 'agrees with the service’s.' }];
  const direction =
    clock.skewMs < 0
      ? 'ahead of the service’s: times it gives to events lie in the future, where they are refused.'
      : 'behind the service’s: events seem older than they are, and a conversion may seem to come before its impression.';
  const advice =
    'The client corrects what it stamps itself, not the times it is given. Let the machine synchronise (NTP).';
  const level = apartMs > WRONG_MS ? 'error' : 'warning';
  return [{ check: 'clock', level, message: `is ${durationInWords(apartMs)} ${direction} ${advice}` }];
}
