import type { Database } from '../../sqlite/database.js';
import type { Experiment } from '../experiments/experiment.js';
import { attributeAccepted } from '../measuring/attribution.js';
import { VERDICTS, type Verdict, type Warning } from '../measuring/verdict.js';
import { type StoredRow, toEntry } from '../store/stored-row.js';
import { toMeasured } from './report.js';

/** The verdicts and warnings of all accepted events up to a number. */
export interface LogVerdicts {
  verdictOf(number: number): Verdict | undefined;
  warningsOf(number: number): readonly Warning[];
}

interface AcceptedRow extends StoredRow {
  readonly number: number;
}

/** Bounds the memory of one step. A visitor with more events is measured in one step nevertheless. */
const STEP_EVENTS = 5_000;

/**
 * Returns a function that measures the whole log, some visitors at a time, because the verdicts of one visitor do not depend on the
 * events of others. It keeps one byte for each event.
 */
export function createLogVerdicts(
  database: Database,
): (last: number, experiments: readonly Experiment[]) => LogVerdicts {
  const stepEnd = database.prepare(
    `SELECT max(visitor) AS visitor FROM (SELECT visitor FROM events WHERE visitor > ? ORDER BY visitor LIMIT ${STEP_EVENTS})`,
  );
  const ofVisitors = database.prepare(
    `SELECT number, distinct_id, event, time, received_at, visitor, sid, witness, experiment, variant FROM events
     WHERE visitor > ? AND visitor <= ? AND number <= ? AND refusal IS NULL ORDER BY number`,
  );

  return (last, experiments) => {
    const measured = toMeasured(experiments);
    const byId = new Map(experiments.map((experiment) => [experiment.id, experiment]));
    // The place of the verdict in VERDICTS, from 1.
    const codes = new Uint8Array(last + 1);
    const warnings = new Map<number, readonly Warning[]>();
    for (let from = 0; ; ) {
      const { visitor: to } = stepEnd.get(from) as { visitor: number | null };
      if (to === null) break;
      const rows = ofVisitors.all(from, to, last) as AcceptedRow[];
      const log = rows.map((row) => toEntry(row, (id) => byId.get(id)));
      const found = attributeAccepted(log, measured);
      for (const [place, { number }] of rows.entries()) {
        const verdict = found.verdicts[place];
        if (verdict !== undefined) codes[number] = VERDICTS.indexOf(verdict) + 1;
      }
      for (const [place, ofRow] of found.warnings) warnings.set(rows[place]!.number, ofRow);
      from = to;
    }
    return {
      verdictOf: (number) => VERDICTS[codes[number]! - 1],
      warningsOf: (number) => warnings.get(number) ?? [],
    };
  };
}
