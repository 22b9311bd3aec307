import { IDENTIFY_EVENT, IMPRESSION_EVENT } from '../../protocol/wire.js';
import type { Verdict, Warning } from '../measuring/verdict.js';
import { verdictWords, WARNING_WORDS } from '../measuring/verdict-words.js';
import type { EventLine } from '../queries/log-queries.js';
import { type Html, html } from './html.js';

/** The look of a verdict. `missed` is for events that should count and can be fixed, `quiet` for expected outcomes. */
export type Tone = 'good' | 'shown' | 'quiet' | 'missed' | 'refused';

const TONES: Readonly<Record<Verdict, Tone>> = {
  time_out_of_range: 'refused',
  duplicate_id: 'quiet',
  bot: 'refused',
  not_allowlisted: 'refused',
  name_case_mismatch: 'missed',
  not_a_goal: 'quiet',
  not_in_experiment: 'missed',
  no_session: 'missed',
  other_session: 'missed',
  before_assignment: 'missed',
  after_stop: 'missed',
  repeat_in_session: 'quiet',
  secondary_counted: 'good',
  counted_late: 'good',
  counted: 'good',
};

/** The outcome of a row, in one line. */
export interface RowOutcome {
  readonly tone: Tone;
  readonly outcome: string;
  readonly reason: string;
  readonly advice?: string;
}

/** The outcome of any row, including rows without a verdict. */
export function outcomeOf({ event, verdict, warnings }: EventLine): RowOutcome {
  if (verdict !== undefined) return { tone: TONES[verdict], ...verdictWords(verdict, warnings) };
  if (event.event === IDENTIFY_EVENT) return { tone: 'quiet', outcome: 'identity', reason: 'names the visitor' };
  if (event.event !== IMPRESSION_EVENT)
    return { tone: 'quiet', outcome: 'stored', reason: 'no experiment measures it' };
  const {
    experiment_key: key,
    experiment_id: id,
    variant_name: name,
    variant_id: variant,
  } = event.eventProperties ?? {};
  const shown = `${name ?? variant ?? 'an unnamed variant'} of ${key ?? id ?? 'an unnamed experiment'}`;
  return { tone: 'shown', outcome: 'impression', reason: `was shown ${shown}` };
}

/** The outcome with its colour, the reason and the warnings. */
export function verdictOf(line: EventLine): Html {
  const { tone, outcome, reason } = outcomeOf(line);
  const warnings = line.warnings.map(
    (warning) => html` <span class="${isExpected(warning) ? 'note' : 'warning'}">${WARNING_WORDS[warning]}</span>`,
  );
  return html`<span class="verdict"><span class="badge ${tone}">${outcome}</span>
<span class="reason">${reason}</span>${warnings}</span>`;
}

/** Assignments by a server have no session. This is the recommended way, so there is nothing to fix. */
function isExpected(warning: Warning): boolean {
  return warning === 'impression_session_inferred';
}
