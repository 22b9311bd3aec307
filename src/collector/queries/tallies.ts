import type { Experiment } from '../experiments/experiment.js';
import type { Attribution, Tally } from '../measuring/measured-log.js';
import { type CountedSessions, EXPOSED } from '../store/measured/counts.js';

/** The counts of an experiment's variants over all days. */
export function talliesOf(
  { key, variants, primary, secondary }: Experiment,
  counts: readonly CountedSessions[],
): Pick<Attribution, 'tallies'> {
  const sum = (variant: string, wanted: string): number =>
    counts.reduce((total, { variant: id, event, sessions }) => {
      return id === variant && event === wanted ? total + sessions : total;
    }, 0);
  // An event that is both goal and secondary is the goal.
  const others = [...new Set(secondary)].filter((event) => event !== primary);
  const tallies = variants.map(({ id, name }): [string, Tally] => [
    name,
    {
      impressions: sum(id, EXPOSED),
      conversions: primary === undefined ? 0 : sum(id, primary),
      secondary: new Map(others.map((event) => [event, sum(id, event)])),
    },
  ]);
  return { tallies: new Map([[key, new Map(tallies)]]) };
}
