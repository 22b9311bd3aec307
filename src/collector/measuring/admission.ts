import { MAX_EVENT_AGE_MS } from '../../protocol/limits.js';

/** [A] How far ahead of the collector's clock an event may be and still count as having happened now. */
export const FUTURE_TOLERANCE_MS = 1_000;

/** Tells whether an event of `time` may be taken at `receivedAt`: not in the future and at most seven days old. */
export function isTimely(time: number, receivedAt: number, maxAgeMs: number = MAX_EVENT_AGE_MS): boolean {
  return time <= receivedAt + FUTURE_TOLERANCE_MS && receivedAt - time <= maxAgeMs;
}
