import type { DurableOutbox, OutboxStats } from '../outbox/outbox.js';

/** How an outbox stands. */
export interface OutboxState extends OutboxStats {
  readonly deadLetters: number;
  /** How long the entry that has been inside for longest has been there; `undefined` for an empty outbox. */
  readonly oldestAgeMs: number | undefined;
}

export async function readState(outbox: DurableOutbox): Promise<OutboxState> {
  const [stats, oldest, deadLetters] = await Promise.all([outbox.stats(), outbox.oldest(), outbox.deadLetters.count()]);
  // Who appended may have a clock that is ahead of this one.
  const oldestAgeMs = oldest === undefined ? undefined : Math.max(0, Date.now() - oldest.appendedAt);
  return { ...stats, deadLetters, oldestAgeMs };
}
