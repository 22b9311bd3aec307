import type { DeadLetters } from '../outbox/outbox.js';
import { inWords, labelOf } from './outcome-words.js';

/** Letters that are read for their reasons; a store may hold millions. */
export const LETTERS_LOOKED_AT = 1_000;

export interface ReasonCount {
  readonly label: string;
  readonly meaning: string;
  readonly letters: number;
}

/** How many of the oldest letters have which reason, the most frequent first. */
export async function countReasons(deadLetters: DeadLetters): Promise<readonly ReasonCount[]> {
  const counts = new Map<string, ReasonCount>();
  for (const { outcome } of await deadLetters.list({ limit: LETTERS_LOOKED_AT })) {
    const label = labelOf(outcome);
    const { letters = 0 } = counts.get(label) ?? {};
    counts.set(label, { label, meaning: inWords(outcome)?.meaning ?? '', letters: letters + 1 });
  }
  return [...counts.values()].toSorted((one, other) => other.letters - one.letters);
}
