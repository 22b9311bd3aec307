/** A period in milliseconds since the epoch, its end excluded. */
export type Interval = readonly [from: number, to: number];

/** Returns whether `time` is in one of `intervals`. */
export function isWithin(intervals: readonly Interval[], time: number): boolean {
  return intervals.some(([from, to]) => time >= from && time < to);
}
