import type { Experiment } from '../experiments/experiment.js';
import type { Attribution } from '../measuring/measured-log.js';
import { conversionRate } from '../measuring/posterior.js';
import { DAY_MS, utcDays } from './days.js';
import type { DailyReport } from './report.js';

/**
 * The daily results of an experiment, from an attribution that includes it: every UTC day from `from` to `to`, both included.
 *
 * A session counts on the day of its first impression and converts on the day of its goal [A]. The days add up to the
 * results, but a day may have more conversions than impressions.
 *
 * @throws OursError `invalid_option` for a date that is not `YYYY-MM-DD`, a last day before the first, or more than 366 days.
 */
export function dailyOf(
  { key, variants }: Experiment,
  { units }: Pick<Attribution, 'units'>,
  from: string,
  to: string,
): DailyReport {
  const dates = utcDays(from, to);
  const start = Date.parse(dates[0]!);
  const days = dates.map(() => new Map(variants.map(({ name }) => [name, { impressions: 0, conversions: 0 }])));
  const at = (time: number | undefined, variant: string) =>
    time === undefined ? undefined : days[Math.floor((time - start) / DAY_MS)]?.get(variant);

  for (const { variant, exposedAt, convertedAt } of units.get(key)!) {
    const exposed = at(exposedAt, variant);
    if (exposed !== undefined) exposed.impressions += 1;
    const converted = at(convertedAt, variant);
    if (converted !== undefined) converted.conversions += 1;
  }
  return {
    days: dates.map((date, day) => ({
      date,
      variants: variants.map(({ id, name }) => {
        const counts = days[day]!.get(name)!;
        return { id, ...counts, conversionRate: conversionRate(counts) };
      }),
    })),
  };
}
