import { setTimeout as sleep } from 'node:timers/promises';
import type { Account, Books } from '../books/books.js';
import type { Crew } from './crew.js';

/** The longest backoff of an event that the faults made look bad, as docs/delivery.md states it, and a little more. */
export const MAX_LULL_MS: number = 5.25 * 60_000;
/** Longer than that backoff and a lease of five minutes together, to tell what is late from what never arrives. */
const PATIENCE_MS = 11 * 60_000;
const LOOK_MS = 500;
/** Looking through a million events takes long, and the service that this process plays has to answer meanwhile. */
const LOOK_FACTOR = 20;
const SAY_MS = 20_000;

/** How a run settled. */
export interface Settling {
  readonly tookMs: number;
  /** The longest time in which promised events were missing and none of them arrived. */
  readonly longestLullMs: number;
}

/** Waits until no promised event is missing, or until patience runs out. */
export async function settle(crew: Crew, books: Books, say: (missing: readonly Account[]) => void): Promise<Settling> {
  const startedAt = performance.now();
  let fewest = Number.POSITIVE_INFINITY;
  let progressAt = startedAt;
  let saidAt = startedAt;
  let longestLullMs = 0;
  for (;;) {
    const lookedAt = performance.now();
    crew.read();
    // A process that has ended delivers nothing more from its memory.
    const missing = books.missing((worker) => crew.isGone(worker));
    const now = performance.now();
    const tookMs = now - startedAt;
    longestLullMs = Math.max(longestLullMs, now - progressAt);
    if (missing.length < fewest) {
      fewest = missing.length;
      progressAt = now;
    }
    if (missing.length === 0 || now - progressAt > PATIENCE_MS) return { tookMs, longestLullMs };
    if (now - saidAt > SAY_MS) {
      say(missing);
      saidAt = now;
    }
    await sleep(Math.max(LOOK_MS, LOOK_FACTOR * (now - lookedAt)));
  }
}
