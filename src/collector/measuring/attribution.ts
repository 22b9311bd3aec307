import { expose } from './exposures.js';
import { countUnits, listUnits, type Measured, trackVerdicts } from './goals.js';
import { identify, type VisitorNumber } from './identity.js';
import { applyIngestRules } from './ingest-rules.js';
import type { Attribution, LogEntry, MeasuredExperiment, MeasuringRules } from './measured-log.js';
import { createSessions, type Sessions } from './sessions.js';
import type { Warning } from './verdict.js';

/**
 * Computes the counts of every experiment, and why each tracked event counts or not. A pure function of the set of entries.
 *
 * The order of `log` decides nothing; `receivedAt` decides only which entry of one `distinctId` is the first.
 * Source of the rules: protocol.md §4.
 */
export function attribute(log: readonly LogEntry[], rules: MeasuringRules): Attribution {
  const refusals = applyIngestRules(log, rules);
  const places: number[] = [];
  for (let index = 0; index < log.length; index++) if (refusals[index] === undefined) places.push(index);
  if (places.length === log.length) return attributeAccepted(log, rules.experiments);
  const accepted = attributeAccepted(
    places.map((index) => log[index]!),
    rules.experiments,
  );
  const verdicts = log.map((entry, index) => (entry.kind === 'track' ? refusals[index] : undefined));
  for (const [place, index] of places.entries()) verdicts[index] = accepted.verdicts[place];
  const warnings = new Map([...accepted.warnings].map(([place, found]) => [places[place]!, found]));
  return { ...accepted, verdicts, warnings };
}

/** The same for entries that already passed the ingest rules, such as those that the collector stores as accepted. */
export function attributeAccepted(log: readonly LogEntry[], experiments: readonly MeasuredExperiment[]): Attribution {
  const visitors = identify(log);
  const sessions = seeSessions(log, visitors);
  const impressions = groupImpressions(log, visitors, experiments);
  const warnings = new Map<number, Warning[]>();
  const warn = (index: number, warning: Warning): void => {
    warnings.set(index, [...(warnings.get(index) ?? []), warning]);
  };
  const measured = experiments.map((experiment): Measured => {
    const exposed = new Map();
    for (const [visitor, places] of impressions.get(experiment.key) ?? []) {
      const found = expose(log, experiment, visitor, places, sessions, warn);
      if (found.units.length > 0) exposed.set(visitor, found);
    }
    return { experiment, exposed };
  });
  const verdicts = trackVerdicts(log, visitors, measured);
  return {
    units: new Map(measured.map((one) => [one.experiment.key, listUnits(log, one)])),
    tallies: new Map(measured.map((one) => [one.experiment.key, countUnits(one)])),
    verdicts,
    warnings,
  };
}

/** The sessions of visitors who have an impression without one. The sessions of other visitors are never read. */
function seeSessions(log: readonly LogEntry[], visitors: Int32Array): Sessions {
  const wanted = new Set<VisitorNumber>();
  for (let index = 0; index < log.length; index++) {
    const { kind, sid } = log[index]!;
    if (kind === 'impression' && sid === undefined) wanted.add(visitors[index]!);
  }
  const sessions = createSessions();
  // Most logs have none, and then the second pass can be skipped.
  if (wanted.size === 0) return sessions;
  for (let index = 0; index < log.length; index++) {
    const entry = log[index]!;
    const visitor = visitors[index]!;
    if (entry.sid !== undefined && wanted.has(visitor)) sessions.see(visitor, entry);
  }
  return sessions;
}

/** The places in the log of each visitor's impressions in each experiment. Impressions of unknown variants are left out. */
function groupImpressions(
  log: readonly LogEntry[],
  visitors: Int32Array,
  experiments: readonly MeasuredExperiment[],
): Map<string, Map<VisitorNumber, number[]>> {
  const groups = new Map(experiments.map(({ key }) => [key, new Map<VisitorNumber, number[]>()]));
  const variants = new Map(experiments.map((experiment) => [experiment.key, experiment.variants]));
  for (let index = 0; index < log.length; index++) {
    const entry = log[index]!;
    if (entry.kind !== 'impression') continue;
    if (!variants.get(entry.experiment)?.includes(entry.variant)) continue;
    const group = groups.get(entry.experiment)!;
    const places = group.get(visitors[index]!);
    if (places === undefined) group.set(visitors[index]!, [index]);
    else places.push(index);
  }
  return groups;
}
