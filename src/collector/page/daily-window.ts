import type { Experiment } from '../experiments/experiment.js';
import { DAY_MS, MAX_DAYS } from '../utc-days.js';
import { dayOf } from './moments.js';

const LEAST_DAYS = 7;
// For an experiment that has run since forever.
const USUAL_DAYS = 30;

/** The UTC days to draw: all that the experiment ran, and so many that a line can be seen. */
export function dailyWindow({ runs }: Experiment, now: number): { readonly from: string; readonly to: string } {
  const last = Math.min(now, Math.max(...runs.map(([, stop]) => stop)));
  const first = Math.min(...runs.map(([start]) => start));
  const usual = Number.isFinite(first) ? first : last - (USUAL_DAYS - 1) * DAY_MS;
  const from = Math.max(Math.min(usual, last - (LEAST_DAYS - 1) * DAY_MS), last - (MAX_DAYS - 1) * DAY_MS);
  return { from: dayOf(from), to: dayOf(last) };
}
