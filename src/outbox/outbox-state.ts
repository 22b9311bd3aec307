import type { Outbox, OutboxStats } from './outbox.js';

/** The size and age of an outbox. */
export interface OutboxState extends OutboxStats {
  /** How long the oldest event has been in the outbox, in milliseconds; `undefined` if the outbox is empty. */
  readonly oldestAgeMs: number | undefined;
  /** The memory outbox keeps none. */
  readonly deadLetters: number;
}

/** Rejects when the outbox does. */
export async function readState(outbox: Outbox, now: () => number = Date.now): Promise<OutboxState> {
  const [stats, oldest, deadLetters] = await Promise.all([
    outbox.stats(),
    outbox.oldest?.(),
    outbox.durable ? outbox.deadLetters.count() : 0,
  ]);
  // The clock of the process that appended may be ahead of this one.
  const oldestAgeMs = oldest === undefined ? undefined : Math.max(0, now() - oldest.appendedAt);
  return { ...stats, oldestAgeMs, deadLetters };
}
