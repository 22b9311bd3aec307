import type { Arrival, EventLine, Verdict } from '../../collector/index.js';
import { VERDICT_WORDS, WARNING_WORDS } from '../../collector/measuring/verdict-words.js';
import { printable } from '../../core/printable.js';

const MAX_NAME_LENGTH = 60;
const MAX_MESSAGE_LENGTH = 200;

/**
 * One line about a row: when, which event, and why it counted or not.
 *
 * Properties, addresses and ids stay out: terminals are logged and shared, and this may be health data.
 */
export function arrivalLine(arrival: Arrival, line: EventLine | undefined): string {
  if (arrival.kind === 'refused') return `refused   ${printable(arrival.message, MAX_MESSAGE_LENGTH)}`;
  const { event, receivedAt } = arrival.event;
  const time = new Date(receivedAt).toISOString().slice(11, 19);
  const verdict = arrival.kind === 'duplicate' ? 'duplicate_id' : line?.verdict;
  const warnings = (line?.warnings ?? []).map((warning) => WARNING_WORDS[warning]);
  const said = [verdict === undefined ? 'kept' : inWords(verdict), ...warnings];
  return `${time}  ${printable(event, MAX_NAME_LENGTH).padEnd(24)}  ${said.join('; ')}`;
}

function inWords(verdict: Verdict): string {
  const { outcome, reason } = VERDICT_WORDS[verdict];
  return `${outcome}: ${reason}`;
}
