import { printable } from '../core/printable.js';
import type { DeadLetter } from '../outbox/outbox.js';
import { fromBytes } from '../protocol/bytes.js';
import { inWords, labelOf } from './outcome-words.js';

const MAX_NAME_LENGTH = 60;

/** What {@link letterLine} shows. */
export const LETTER_HEAD: string = [
  'put aside'.padEnd(24),
  'why'.padEnd(26),
  'event'.padEnd(24),
  'ID (distinctId)',
].join('  ');

/** One line about a letter, without properties and without whose it is. */
export function letterLine({ at, outcome, entry, distinctId }: DeadLetter): string {
  const name = entry === undefined ? '(unreadable)' : printable(entry.event, MAX_NAME_LENGTH);
  return [timeOf(at), labelOf(outcome).padEnd(26), name.padEnd(24), distinctId].join('  ');
}

/** Everything about a letter. */
export function letterInFull({ at, outcome, entry, distinctId }: DeadLetter): string[] {
  const words = inWords(outcome);
  const rows: [string, string | undefined][] = [
    ['distinctId', distinctId],
    ['put aside', timeOf(at)],
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
  const said = rows.flatMap(([name, value]) => (value === undefined ? [] : `${name.padEnd(12)}${value}`));
  const body =
    entry === undefined
      ? [
          'It cannot be read: it is damaged, its key is not in OURS_SEALING_KEYS, or it is not sealed (--accept-unsealed).',
        ]
      : bodyLines(entry.body);
  return [...said, '', ...body];
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** The event as it goes to the service. */
function bodyLines(body: Uint8Array): string[] {
  return JSON.stringify(JSON.parse(fromBytes(body)), undefined, 2).split('\n');
}
