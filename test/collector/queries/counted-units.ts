import type { Experiment } from '../../../src/collector/experiments/experiment.js';
import { dayOf } from '../../../src/collector/measuring/day.js';
import type { CountedUnit } from '../../../src/collector/measuring/measured-log.js';
import { type CountedSessions, EXPOSED } from '../../../src/collector/store/measured/counts.js';

/** What the store counts for these units of an experiment: one row for each exposure and each conversion by its goal. */
export function countedSessions(
  { variants, primary }: Experiment,
  units: readonly CountedUnit[],
): readonly CountedSessions[] {
  return units.flatMap(({ variant: name, exposedAt, convertedAt }) => {
    const variant = variants.find((one) => one.name === name)!.id;
    const exposed = { variant, event: EXPOSED, day: dayOf(exposedAt), sessions: 1 };
    if (convertedAt === undefined) return [exposed];
    return [exposed, { variant, event: primary!, day: dayOf(convertedAt), sessions: 1 }];
  });
}
