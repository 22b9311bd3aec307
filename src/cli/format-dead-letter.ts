import { printable } from '../core/printable.js';
import type { DeadLetter } from '../outbox/outbox.js';
import { fromBytes } from '../protocol/bytes.js';
import { labelOf, outcomeWords } from './outcome-words.js';

const MAX_NAME_LENGTH = 60;

/** The heading of {@link deadLetterLine}. */
export const DEAD_LETTER_HEADING: string = [
  'since'.padEnd(24),
  'reason'.padEnd(26),
  'event'.padEnd(24),
  'ID (distinctId)',
].join('  ');

/** One line about a dead letter, without properties and names of persons. */
export function deadLetterLine({ at, outcome, entry, distinctId }: DeadLetter): string {
  const name = entry === undefined ? '(unreadable)' : printable(entry.event, MAX_NAME_LENGTH);
  return [timeOf(at), labelOf(outcome).padEnd(26), name.padEnd(24), distinctId].join('  ');
}

/** Everything about a dead letter, line by line. */
export function formatDeadLetter({ at, outcome, entry, distinctId }: DeadLetter): string[] {
  const words = outcomeWords(outcome);
  const rows: [string, string | undefined][] = [
    ['distinctId', distinctId],
    ['since', timeOf(at)],
    ['outcome', labelOf(outcome)],
    ['message', outcome.message],
    ['meaning', words?.meaning],
    ['what to do', words?.advice],
    ['kind', entry?.kind],
    ['event', entry?.event],
    ['time', entry === undefined ? undefined : timeOf(entry.time)],
    ['userId', entry?.userId],
    ['externalId', entry?.externalId],
    ['email', entry?.email],
  ];
  const facts = rows.flatMap(([name, value]) => (value === undefined ? [] : `${name.padEnd(12)}${value}`));
  const unreadable =
    'It cannot be read: it is damaged, its key is not in OURS_SEALING_KEYS, or it is not sealed (--accept-unsealed).';
  return [...facts, '', ...(entry === undefined ? [unreadable] : bodyLines(entry.body))];
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** The event as it is sent to the service. */
function bodyLines(body: Uint8Array): string[] {
  return JSON.stringify(JSON.parse(fromBytes(body)), undefined, 2).split('\n');
}
