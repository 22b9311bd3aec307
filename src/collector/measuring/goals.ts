import type { ExposedVisitor, Exposure, Unit } from './exposures.js';
import type { VisitorNumber } from './identity.js';
import type { CountedUnit, LogEntry, MeasuredExperiment, Tally, TrackEntry } from './measured-log.js';
import { better, type Verdict } from './verdict.js';

/** A later conversion still counts, but no browser session lasts as long, so a backend reported it. */
const LATE_AFTER_MS = 6 * 60 * 60 * 1000;

/** An experiment with its exposed visitors. */
export interface Measured {
  readonly experiment: MeasuredExperiment;
  readonly exposed: ReadonlyMap<VisitorNumber, ExposedVisitor>;
}

/** An event as one experiment measures it; number 0 is the goal. */
interface Metric {
  readonly number: number;
  readonly exposed: ReadonlyMap<VisitorNumber, ExposedVisitor>;
}

/**
 * The verdict of every tracked event, `undefined` for other entries. Records in each unit the event that converted it.
 *
 * The first goal of a session is known only at the end, so every goal is a repeat until the first ones are upgraded.
 */
export function trackVerdicts(
  log: readonly LogEntry[],
  visitors: Int32Array,
  measured: readonly Measured[],
): (Verdict | undefined)[] {
  const metrics = metricsOf(measured);
  const unmeasured = unmeasuredVerdicts(metrics.keys());
  const verdicts = log.map((entry, index): Verdict | undefined => {
    if (entry.kind !== 'track') return undefined;
    const measuring = metrics.get(entry.event);
    if (measuring === undefined) return unmeasured(entry.event);
    return measuring.reduce<Verdict>((best, metric) => {
      return better(best, convert(log, entry, index, metric.number, metric.exposed.get(visitors[index]!)));
    }, 'not_in_experiment');
  });
  for (const unit of measured.flatMap(({ exposed }) => unitsOf(exposed))) {
    unit.conversions.forEach((index, number) => {
      if (index === undefined) return;
      verdicts[index] = better(verdicts[index]!, conversionVerdict(unit, number, log[index]!.time));
    });
  }
  return verdicts;
}

/** The metrics of an experiment in order of their numbers. An event that is both goal and secondary is the goal. */
function eventsOf({ primary, secondary }: MeasuredExperiment): string[] {
  return [...new Set([primary, ...secondary])];
}

function metricsOf(measured: readonly Measured[]): Map<string, Metric[]> {
  const metrics = new Map<string, Metric[]>();
  for (const { experiment, exposed } of measured) {
    for (const [number, event] of eventsOf(experiment).entries()) {
      metrics.set(event, [...(metrics.get(event) ?? []), { number, exposed }]);
    }
  }
  return metrics;
}

/** The verdict of events that are not a metric, by name alone. Logs are long and names are few, so each is compared once. */
function unmeasuredVerdicts(metrics: Iterable<string>): (event: string) => Verdict {
  const names = new Set([...metrics].map((name) => name.toLowerCase()));
  const known = new Map<string, Verdict>();
  return (event) => {
    const verdict = known.get(event) ?? (names.has(event.toLowerCase()) ? 'name_case_mismatch' : 'not_a_goal');
    known.set(event, verdict);
    return verdict;
  };
}

/** The verdict of an event for one experiment. Converts the event's unit unless an earlier event already did. */
function convert(
  log: readonly LogEntry[],
  entry: TrackEntry,
  index: number,
  metric: number,
  visitor: ExposedVisitor | undefined,
): Verdict {
  if (visitor === undefined) return 'not_in_experiment';
  if (entry.sid === undefined) return 'no_session';
  const unit = visitor.bySid.get(entry.sid);
  if (unit === undefined) return 'other_session';
  const exposure = exposureAt(unit, entry.time);
  if (exposure === undefined) return 'before_assignment';
  if (entry.time >= exposure.stop) return 'after_stop';
  const holder = unit.conversions[metric];
  if (holder === undefined || isEarlier(entry, log[holder]!)) unit.conversions[metric] = index;
  return 'repeat_in_session';
}

/** At the same instant any fixed choice will do, as long as it does not depend on the order of the log. */
function isEarlier(entry: LogEntry, other: LogEntry): boolean {
  if (entry.time !== other.time) return entry.time < other.time;
  if (entry.receivedAt !== other.receivedAt) return entry.receivedAt < other.receivedAt;
  return (entry.distinctId ?? '') < (other.distinctId ?? '');
}

/** The unit's latest exposure at `time`. An exposure does not carry over from a stopped run to the next. */
function exposureAt({ exposures }: Unit, time: number): Exposure | undefined {
  return exposures.findLast(({ since }) => since <= time);
}

function conversionVerdict(unit: Unit, metric: number, time: number): Verdict {
  if (metric > 0) return 'secondary_counted';
  return time - exposureAt(unit, time)!.since > LATE_AFTER_MS ? 'counted_late' : 'counted';
}

/** The counts of every variant, including variants without impressions. */
export function countUnits({ experiment, exposed }: Measured): Map<string, Tally> {
  const [, ...secondary] = eventsOf(experiment);
  const tallies = new Map(
    experiment.variants.map((variant): [string, Tally] => {
      return [variant, { impressions: 0, conversions: 0, secondary: new Map(secondary.map((event) => [event, 0])) }];
    }),
  );
  for (const { variant, conversions } of unitsOf(exposed)) {
    const tally = tallies.get(variant)!;
    tally.impressions += 1;
    if (conversions[0] !== undefined) tally.conversions += 1;
    for (const [place, event] of secondary.entries()) {
      if (conversions[place + 1] !== undefined) tally.secondary.set(event, tally.secondary.get(event)! + 1);
    }
  }
  return tallies;
}

/** Every unit, with the two times that daily counts are computed from. */
export function listUnits(log: readonly LogEntry[], { exposed }: Measured): CountedUnit[] {
  return unitsOf(exposed).map(({ variant, exposures, conversions: [goal] }) => ({
    variant,
    exposedAt: exposures[0]!.since,
    convertedAt: goal === undefined ? undefined : log[goal]!.time,
  }));
}

function unitsOf(exposed: ReadonlyMap<VisitorNumber, ExposedVisitor>): Unit[] {
  return [...exposed.values()].flatMap(({ units }) => units);
}
