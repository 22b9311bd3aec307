import type { Entry } from '../../protocol/event.js';
import { toStoredId } from '../durable/stored-id.js';

/** Characters kept of a person's key: 132 bits, enough to distinguish people. A queue in Redis costs memory. */
const PERSON_LENGTH = 22;

/** What the scripts read of an entry besides its record: `bytes kind person,person id`. */
export function writeHead({ kind, distinctId, body }: Entry, people: readonly string[]): string {
  return `${body.length} ${kind} ${writePeople(people)} ${toStoredId(distinctId)}`;
}

/** People as a head contains them. */
export function writePeople(people: readonly string[]): string {
  // Each person once, because the scripts count them.
  return [...new Set(people.map((person) => person.slice(0, PERSON_LENGTH)))].join(',');
}

/** The stored distinctId. */
export function storedIdIn(head: string): string {
  const afterBytes = head.indexOf(' ') + 1;
  const afterKind = head.indexOf(' ', afterBytes) + 1;
  return head.slice(head.indexOf(' ', afterKind) + 1);
}
