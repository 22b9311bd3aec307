/** First delay and maximum of the exponential backoff, as in the service's own SDK. */
const BASE_MS = 500;
export const MAX_BACKOFF_MS = 8_000;

/** Maximum for one event that keeps failing alone. It delays no other event. */
const SOLO_CEILING_MS = 5 * 60_000;

/**
 * Milliseconds to wait after the n-th consecutive failure (from 1): exponential with full jitter, so that clients that failed
 * together do not retry together.
 */
export function backoffMs(failures: number, random: () => number): number {
  return random() * Math.min(MAX_BACKOFF_MS, BASE_MS * 2 ** (failures - 1));
}

/**
 * Milliseconds to wait after the n-th failure of one event while the service accepts others (from 1). Half of it is fixed: the
 * ten default retries span at least four minutes, so that a partial outage of the service drops no event.
 */
export function soloBackoffMs(failures: number, random: () => number): number {
  return (0.5 + random() / 2) * Math.min(SOLO_CEILING_MS, BASE_MS * 2 ** (failures - 1));
}

/** Requests that ask whether the service takes events again are at least this far apart: at most two a second from one client. */
export const MIN_PROBE_INTERVAL_MS = 500;
const SEARCH_JITTER_MS = 1_000;

/** Milliseconds to add to that where a failure may be the fault of the one event that was sent: the next may pass. */
export function searchJitterMs(random: () => number): number {
  return random() * SEARCH_JITTER_MS;
}

/** What fails slowly leaves its sender free for this many times as long. */
export const FREE_FACTOR = 4;
