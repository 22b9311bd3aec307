import type { Experiment } from '../experiments/experiment.js';
import { type DayRange, runtimeDays } from '../runtime-days.js';
import { DAY_MS, utcDayOf } from '../utc-days.js';

const LEAST_DAYS = 7;

/** The UTC days to draw: the whole runtime, and enough days for a line to be visible. */
export function dailyWindow(
  experiment: Pick<Experiment, 'runs'>,
  firstExposure: number | undefined,
  now: number,
): DayRange {
  const { from, to } = runtimeDays(experiment, firstExposure, now);
  const least = utcDayOf(Date.parse(to) - (LEAST_DAYS - 1) * DAY_MS);
  return { from: [from, least].toSorted()[0]!, to };
}
