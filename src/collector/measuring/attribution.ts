import { judgeAtTheDoor, type Refusals } from './door.js';
import { expose } from './exposures.js';
import { countUnits, judgeTracks, listUnits, type Measured } from './goals.js';
import { identify, type VisitorNumber } from './identity.js';
import type { Attribution, LogEntry, MeasuringRules } from './measured-log.js';
import { createSessions, type Sessions } from './sessions.js';
import type { Warning } from './verdict.js';

/**
 * Says what every experiment counts and why each tracked event counts or not: a pure function of the set of entries.
 *
 * The order of `log` decides nothing; of `receivedAt`, only which entry of one `distinctId` is the first.
 * Source of the rules: protocol.md §4.
 */
export function attribute(log: readonly LogEntry[], rules: MeasuringRules): Attribution {
  const refusals = judgeAtTheDoor(log, rules);
  const visitors = identify(log, refusals);
  const sessions = seeSessions(log, refusals, visitors);
  const impressions = groupImpressions(log, refusals, visitors, rules);
  const warnings = new Map<number, Warning[]>();
  const warn = (index: number, warning: Warning): void => {
    warnings.set(index, [...(warnings.get(index) ?? []), warning]);
  };
  const measured = rules.experiments.map((experiment): Measured => {
    const exposed = new Map();
    for (const [visitor, places] of impressions.get(experiment.key) ?? []) {
      const found = expose(log, experiment, visitor, places, sessions, warn);
      if (found.units.length > 0) exposed.set(visitor, found);
    }
    return { experiment, exposed };
  });
  const verdicts = judgeTracks(log, refusals, visitors, measured);
  return {
    units: new Map(measured.map((one) => [one.experiment.key, listUnits(log, one)])),
    tallies: new Map(measured.map((one) => [one.experiment.key, countUnits(one)])),
    verdicts,
    warnings,
  };
}

/** The sessions of those visitors who have an impression without one; nobody else's are asked for. */
function seeSessions(log: readonly LogEntry[], refusals: Refusals, visitors: Int32Array): Sessions {
  const wanted = new Set<VisitorNumber>();
  for (let index = 0; index < log.length; index++) {
    const { kind, sid } = log[index]!;
    if (kind === 'impression' && sid === undefined && refusals[index] === undefined) wanted.add(visitors[index]!);
  }
  const sessions = createSessions();
  // Most logs have none, and then there is no need to look at every entry again.
  if (wanted.size === 0) return sessions;
  for (let index = 0; index < log.length; index++) {
    const entry = log[index]!;
    const visitor = visitors[index]!;
    if (entry.sid !== undefined && refusals[index] === undefined && wanted.has(visitor)) sessions.see(visitor, entry);
  }
  return sessions;
}

/** The places in the log of each visitor's impressions in each experiment; of unknown variants nothing is known. */
function groupImpressions(
  log: readonly LogEntry[],
  refusals: Refusals,
  visitors: Int32Array,
  { experiments }: MeasuringRules,
): Map<string, Map<VisitorNumber, number[]>> {
  const groups = new Map(experiments.map(({ key }) => [key, new Map<VisitorNumber, number[]>()]));
  const variants = new Map(experiments.map((experiment) => [experiment.key, experiment.variants]));
  for (let index = 0; index < log.length; index++) {
    const entry = log[index]!;
    if (entry.kind !== 'impression' || refusals[index] !== undefined) continue;
    if (!variants.get(entry.experiment)?.includes(entry.variant)) continue;
    const group = groups.get(entry.experiment)!;
    const places = group.get(visitors[index]!);
    if (places === undefined) group.set(visitors[index]!, [index]);
    else places.push(index);
  }
  return groups;
}
