import { setTimeout as sleep } from 'node:timers/promises';
import type { Account, Books } from '../books/books.js';
import { POISONS } from '../service/poison.js';
import { REQUEST_TIMEOUT_MS } from '../worker/request-timeout.js';
import type { Crew } from './crew.js';

/** How long a good event may wait with no bad ones in the outbox (docs/delivery.md, "The bound"), and a little more. */
const BOUND_MS = 5.25 * 60_000;
/** How much each waiting bad event adds to that: one second, and three request timeouts if it is of the kind that hangs. */
const BOUND_PER_BAD_MS = 1_000 + (3 * REQUEST_TIMEOUT_MS) / POISONS.length;
/** A lease of five minutes on top tells a late event from one that never arrives. */
const LEASE_MS = 5 * 60_000;
const LOOK_MS = 500;
/** Looking through a million events takes long, and the service that this process plays has to answer meanwhile. */
const LOOK_FACTOR = 20;
const SAY_MS = 20_000;

/** How a run settled. */
export interface Settling {
  readonly tookMs: number;
  /** The longest time in which promised events were missing and none of them arrived. */
  readonly longestLullMs: number;
  /** How long that time may be. */
  readonly maxLullMs: number;
}

/** Waits until no promised event is missing, or until patience runs out. */
export async function settle(crew: Crew, books: Books, say: (missing: readonly Account[]) => void): Promise<Settling> {
  const startedAt = performance.now();
  let fewest = Number.POSITIVE_INFINITY;
  let progressAt = startedAt;
  let saidAt = startedAt;
  let longestLullMs = 0;
  const maxLullMs = BOUND_MS + BOUND_PER_BAD_MS * books.countWaitingPoison();
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
    if (missing.length === 0 || now - progressAt > maxLullMs + LEASE_MS) return { tookMs, longestLullMs, maxLullMs };
    if (now - saidAt > SAY_MS) {
      say(missing);
      saidAt = now;
    }
    await sleep(Math.max(LOOK_MS, LOOK_FACTOR * (now - lookedAt)));
  }
}
