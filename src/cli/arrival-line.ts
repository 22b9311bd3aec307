import type { Arrival, EventLine, Verdict } from '../collector/index.js';

const EXPLANATIONS: Readonly<Record<Verdict, string>> = {
  time_out_of_range: 'not counted: older than 7 days, or in the future',
  duplicate_id: 'not counted again: this distinctId was there already',
  bot: 'not counted: a bot',
  not_allowlisted: 'dropped: the name is not among allowedEvents',
  name_case_mismatch: 'not counted: the goal is spelled with other capitals',
  not_a_goal: 'kept: no experiment measures it',
  not_in_experiment: 'not counted: no impression of this visitor counts',
  no_session: 'not counted: no session (defaultProperties.sid)',
  other_session: 'not counted: the visitor was exposed, but not in this session',
  before_assignment: 'not counted: it happened before the impression',
  after_stop: 'not counted: the experiment had stopped',
  repeat_in_session: 'not counted again: this session has converted already',
  secondary_counted: 'counted as a secondary metric',
  counted_late: 'counted, more than 6 hours after the impression',
  counted: 'counted',
};

const MAX_NAME_LENGTH = 60;
const MAX_MESSAGE_LENGTH = 200;

/**
 * One line about a row: when, which event, and why it counted or not.
 *
 * Properties, addresses and ids stay out: terminals are logged and shared, and this may be health data.
 */
export function arrivalLine(arrival: Arrival, report: EventLine | undefined): string {
  if (arrival.kind === 'refused') return `refused   ${printable(arrival.message, MAX_MESSAGE_LENGTH)}`;
  const { event, receivedAt } = arrival.event;
  const time = new Date(receivedAt).toISOString().slice(11, 19);
  const verdict = arrival.kind === 'duplicate' ? 'duplicate_id' : report?.verdict;
  const said = [verdict === undefined ? 'kept' : EXPLANATIONS[verdict], ...(report?.warnings ?? [])];
  return `${time}  ${printable(event, MAX_NAME_LENGTH).padEnd(24)}  ${said.join(', ')}`;
}

/** A name is the sender's: control characters in it would be obeyed by the terminal. */
function printable(text: string, maxLength: number): string {
  return text.replace(/\p{C}/gu, '\uFFFD').slice(0, maxLength);
}
