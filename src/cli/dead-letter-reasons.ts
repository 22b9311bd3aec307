import type { DeadLetters } from '../outbox/outbox.js';
import { labelOf, outcomeWords } from './outcome-words.js';

/** How many dead letters are read to count their reasons. A store may hold millions. */
export const COUNTED_DEAD_LETTERS = 1_000;

export interface ReasonCount {
  readonly label: string;
  readonly meaning: string;
  readonly deadLetters: number;
}

/** Counts the reasons of the oldest dead letters, the most frequent reason first. */
export async function countReasons(deadLetters: DeadLetters): Promise<readonly ReasonCount[]> {
  const counts = new Map<string, ReasonCount>();
  for (const { outcome } of await deadLetters.list({ limit: COUNTED_DEAD_LETTERS })) {
    const label = labelOf(outcome);
    const { deadLetters: counted = 0 } = counts.get(label) ?? {};
    counts.set(label, { label, meaning: outcomeWords(outcome)?.meaning ?? '', deadLetters: counted + 1 });
  }
  return [...counts.values()].toSorted((one, other) => other.deadLetters - one.deadLetters);
}
