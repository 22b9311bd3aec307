import type { Entry } from '../../protocol/event.js';
import { toStoredId } from '../durable/stored-id.js';

/** As much of a person's key as tells people apart: 132 bits. Memory is what a queue in Redis costs. */
const PERSON_LENGTH = 22;

/** What the scripts read of an entry, beside its record: `bytes kind person,person id`. */
export function writeHead({ kind, distinctId, body }: Entry, people: readonly string[]): string {
  return `${body.length} ${kind} ${writePeople(people)} ${toStoredId(distinctId)}`;
}

/** People as they stand in a head. */
export function writePeople(people: readonly string[]): string {
  // Each person once: the scripts count them.
  return [...new Set(people.map((person) => person.slice(0, PERSON_LENGTH)))].join(',');
}

/** The distinctId as it is stored. */
export function storedIdIn(head: string): string {
  const afterBytes = head.indexOf(' ') + 1;
  const afterKind = head.indexOf(' ', afterBytes) + 1;
  return head.slice(head.indexOf(' ', afterKind) + 1);
}
