/** First step and ceiling of the exponential backoff, as in the service's own SDK. */
const BASE_MS = 500;
export const MAX_BACKOFF_MS = 8_000;

/** Ceiling for one event that keeps failing by itself: it holds up no other, so it can afford to wait. */
const SOLO_CEILING_MS = 5 * 60_000;

/**
 * Milliseconds to wait after the n-th failure in a row (from 1): exponential with full jitter, so that clients that failed
 * together do not come back together.
 */
export function backoffMs(failures: number, random: () => number): number {
  return random() * Math.min(MAX_BACKOFF_MS, BASE_MS * 2 ** (failures - 1));
}

/**
 * Milliseconds to wait after the n-th failure of one event while the service takes others (from 1). Half of it is fixed: the
 * ten default retries of an event span at least four minutes, so that an outage of a part of the service costs none.
 */
export function soloBackoffMs(failures: number, random: () => number): number {
  return (0.5 + random() / 2) * Math.min(SOLO_CEILING_MS, BASE_MS * 2 ** (failures - 1));
}
