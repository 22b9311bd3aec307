/** Why a tracked event counted or not, from worst to best. Over several experiments the best one applies. */
export const VERDICTS = [
  // Refused by the ingest rules.
  'time_out_of_range',
  'duplicate_id',
  'bot',
  'not_allowlisted',
  // Not a metric of any experiment.
  'name_case_mismatch',
  'not_a_goal',
  // For each experiment that has it as a metric.
  'not_in_experiment',
  'no_session',
  'other_session',
  'before_assignment',
  'after_stop',
  'repeat_in_session',
  'secondary_counted',
  'counted_late',
  'counted',
] as const;

export type Verdict = (typeof VERDICTS)[number];

const RANKS = new Map(VERDICTS.map((verdict, rank) => [verdict, rank]));

/** The better of two verdicts. */
export function better(left: Verdict, right: Verdict): Verdict {
  return RANKS.get(left)! >= RANKS.get(right)! ? left : right;
}

/** Something unusual about a row, whether or not it counted. */
export type Warning =
  | 'id_used_by_another_source'
  | 'id_used_for_another_visitor'
  | 'id_used_in_another_session'
  | 'impression_outside_runtime'
  | 'impression_while_paused'
  | 'impression_session_inferred'
  | 'impression_without_session'
  | 'session_saw_multiple_variants'
  | 'visitor_saw_multiple_variants';
