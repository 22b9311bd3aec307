export const DAY_MS: number = 24 * 60 * 60 * 1000;

/** The UTC day of a time, counted from the epoch. */
export function dayOf(time: number): number {
  return Math.floor(time / DAY_MS);
}
