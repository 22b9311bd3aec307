import type { VisitorNumber } from './identity.js';
import { isWithin } from './interval.js';
import type { ImpressionEntry, LogEntry, MeasuredExperiment } from './measured-log.js';
import type { Sessions } from './sessions.js';
import type { Warning } from './verdict.js';

/** Exposed from `since` until the run it happened in stops. */
export interface Exposure {
  readonly since: number;
  readonly stop: number;
  /** The place in the log of the impression that began it. */
  readonly impression: number;
}

/** The unit of counting: one session of one visitor in one experiment. */
export interface Unit {
  /** The variant of the first impression. */
  readonly variant: string;
  /** One for each run in which the session was exposed, in order of time. */
  readonly exposures: Exposure[];
  /** For each metric, by its number in the experiment, the place in the log of the event that converted the unit. */
  readonly conversions: (number | undefined)[];
}

/** One visitor's units in one experiment. */
export interface ExposedVisitor {
  readonly units: readonly Unit[];
  /** The units that belong to a session. */
  readonly bySid: ReadonlyMap<string, Unit>;
}

/**
 * Builds the units of one visitor in one experiment from the places of their impressions.
 *
 * Impressions are processed in order of event time, and at the same instant in order of variant, never in order of arrival.
 */
export function expose(
  log: readonly LogEntry[],
  experiment: MeasuredExperiment,
  visitor: VisitorNumber,
  impressions: readonly number[],
  sessions: Sessions,
  warn: (index: number, warning: Warning) => void,
): ExposedVisitor {
  const units: Unit[] = [];
  const bySid = new Map<string, Unit>();
  for (const index of inOrderOfTime(log, impressions)) {
    const { time, variant, sid: ownSid } = log[index] as ImpressionEntry;
    const run = experiment.runs.find((interval) => isWithin([interval], time));
    if (run === undefined) {
      warn(index, 'impression_outside_runtime');
      continue;
    }
    // A pause excludes new visitors only.
    if (units.length === 0 && isWithin(experiment.pauses, time)) {
      warn(index, 'impression_while_paused');
      continue;
    }
    const sid = ownSid ?? sessions.near(visitor, time)?.sid;
    if (sid === undefined) warn(index, 'impression_without_session');
    else if (ownSid === undefined) warn(index, 'impression_session_inferred');

    const exposure = { since: time, stop: run[1], impression: index };
    const known = sid === undefined ? undefined : bySid.get(sid);
    if (known !== undefined) {
      if (known.variant !== variant) warn(index, 'session_saw_multiple_variants');
      if (known.exposures.at(-1)?.stop !== exposure.stop) known.exposures.push(exposure);
      continue;
    }
    const unit: Unit = { variant, exposures: [exposure], conversions: [] };
    if (units[0] !== undefined && units[0].variant !== variant) warn(index, 'visitor_saw_multiple_variants');
    units.push(unit);
    if (sid !== undefined) bySid.set(sid, unit);
  }
  return { units, bySid };
}

function inOrderOfTime(log: readonly LogEntry[], impressions: readonly number[]): readonly number[] {
  if (impressions.length < 2) return impressions;
  return impressions.toSorted((left, right) => {
    const a = log[left] as ImpressionEntry;
    const b = log[right] as ImpressionEntry;
    if (a.time !== b.time) return a.time - b.time;
    if (a.variant !== b.variant) return a.variant < b.variant ? -1 : 1;
    // The counts are the same either way, but the order of the log must not decide which of the two gets the warning.
    return a.receivedAt - b.receivedAt;
  });
}
