/** First step and ceiling of the exponential backoff, as the service's own SDK has them. */
const BASE_MS = 500;
const CEILING_MS = 8_000;

/**
 * How long to wait after the n-th failure in a row (from 1): exponential with full jitter, so that clients that failed
 * together do not come back together.
 */
export function backoffMs(failures: number, random: () => number): number {
  return random() * Math.min(CEILING_MS, BASE_MS * 2 ** (failures - 1));
}
