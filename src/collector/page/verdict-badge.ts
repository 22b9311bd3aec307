import { IDENTIFY_EVENT, IMPRESSION_EVENT } from '../../protocol/wire.js';
import type { EventLine } from '../insight.js';
import type { Verdict, Warning } from '../measuring/verdict.js';
import { VERDICT_WORDS, WARNING_WORDS } from '../measuring/verdict-words.js';
import { type Html, html } from './html.js';

/**
 * How a verdict looks. `missed` is for what was meant to count and can be mended, `quiet` for what is as it should be.
 */
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

/** What became of a row, as far as it can be told in a line. */
export interface Fate {
  readonly tone: Tone;
  readonly outcome: string;
  readonly reason: string;
  readonly advice?: string;
}

/** Every row has one, also those that are no tracked events and have no verdict. */
export function fateOf({ event, verdict }: EventLine): Fate {
  if (verdict !== undefined) return { tone: TONES[verdict], ...VERDICT_WORDS[verdict] };
  if (event.event === IDENTIFY_EVENT) return { tone: 'quiet', outcome: 'identity', reason: 'says who the visitor is' };
  if (event.event !== IMPRESSION_EVENT) return { tone: 'quiet', outcome: 'kept', reason: 'nothing measures it' };
  const {
    experiment_key: key,
    experiment_id: id,
    variant_name: name,
    variant_id: variant,
  } = event.eventProperties ?? {};
  const shown = `${name ?? variant ?? 'an unnamed variant'} of ${key ?? id ?? 'an unnamed experiment'}`;
  return { tone: 'shown', outcome: 'impression', reason: `was shown ${shown}` };
}

/** The outcome in its colour, the reason in words, and what is odd about it. */
export function verdictOf(line: EventLine): Html {
  const { tone, outcome, reason } = fateOf(line);
  const warnings = line.warnings.map(
    (warning) => html` <span class="${isAsItShouldBe(warning) ? 'note' : 'warning'}">${WARNING_WORDS[warning]}</span>`,
  );
  return html`<span class="verdict"><span class="badge ${tone}">${outcome}</span>
<span class="reason">${reason}</span>${warnings}</span>`;
}

/** An assignment that a server asks for has no session: that is the recommended way, and nothing to mend. */
function isAsItShouldBe(warning: Warning): boolean {
  return warning === 'impression_session_inferred';
}
