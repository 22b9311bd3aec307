import type { Experiment } from '../experiments/experiment.js';
import { dayOf } from '../measuring/day.js';
import { conversionRate } from '../measuring/posterior.js';
import { type CountedSessions, EXPOSED } from '../store/measured/counts.js';
import { utcDays } from './days.js';
import type { DailyReport } from './report.js';

/**
 * The daily results of an experiment from its counted sessions: every UTC day from `from` to `to`, both included.
 *
 * A session counts on the day of its first impression and converts on the day of its goal [A]. The days add up to the
 * results, but a day may have more conversions than impressions.
 *
 * @throws OursError `invalid_option` for a date that is not `YYYY-MM-DD`, a last day before the first, or more than 366 days.
 */
export function dailyOf(
  { variants, primary }: Experiment,
  counts: readonly CountedSessions[],
  from: string,
  to: string,
): DailyReport {
  const dates = utcDays(from, to);
  const start = dayOf(Date.parse(dates[0]!));
  const days = dates.map(() => new Map(variants.map(({ id }) => [id, { impressions: 0, conversions: 0 }])));
  for (const { variant, event, day, sessions } of counts) {
    const counted = days[day - start]?.get(variant);
    if (counted === undefined) continue;
    if (event === EXPOSED) counted.impressions += sessions;
    else if (event === primary) counted.conversions += sessions;
  }
  return {
    days: dates.map((date, day) => ({
      date,
      variants: variants.map(({ id }) => {
        const counted = days[day]!.get(id)!;
        return { id, ...counted, conversionRate: conversionRate(counted) };
      }),
    })),
  };
}
