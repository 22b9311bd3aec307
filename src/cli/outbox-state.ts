import type { DeadLetters, DurableOutbox, OutboxStats } from '../outbox/outbox.js';
import { labelOf, outcomeWords } from './outcome-words.js';

/** The size and age of an outbox. */
export interface OutboxState extends OutboxStats {
  readonly deadLetters: number;
  /** The age of the oldest entry; `undefined` for an empty outbox. */
  readonly oldestAgeMs: number | undefined;
}

export async function readState(outbox: DurableOutbox): Promise<OutboxState> {
  const [stats, oldest, deadLetters] = await Promise.all([outbox.stats(), outbox.oldest(), outbox.deadLetters.count()]);
  // The clock of the process that appended may be ahead of this one.
  const oldestAgeMs = oldest === undefined ? undefined : Math.max(0, Date.now() - oldest.appendedAt);
  return { ...stats, deadLetters, oldestAgeMs };
}

/** `about `, before a number of an estimated state. */
export const about = ({ isEstimated }: OutboxStats): string => (isEstimated ? 'about ' : '');

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
