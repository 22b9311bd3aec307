/** A stretch of time in milliseconds since the epoch, its end not included. */
export type Interval = readonly [from: number, to: number];

/** Tells whether `time` lies in one of `intervals`. */
export function isWithin(intervals: readonly Interval[], time: number): boolean {
  return intervals.some(([from, to]) => time >= from && time < to);
}
