import type { Undelivered } from '../../core/outcome.js';
import type { Entry } from '../../protocol/event.js';
import type { DecodedClaim } from './decoded-claim.js';

/** How soon a record is read again that may become readable with other keys or settings. */
const UNREADABLE_PAUSE_MS = 60_000;

export interface ClaimSteps<Place> {
  /** Claims and decodes entries. @param before the claim that has just been put back */
  readonly claim: (before: DecodedClaim<Place> | undefined) => Promise<DecodedClaim<Place>>;
  readonly release: (places: readonly Place[], delayMs: number) => Promise<void>;
  readonly deadLetter: (places: readonly Place[], outcome: Undelivered) => Promise<void>;
}

/**
 * Claims entries that can all be read:
 *
 *   claim ──all readable──▶ done
 *     └─ some unreadable ──▶ release the readable, delay the locked, dead-letter the damaged ──▶ claim
 *
 * It claims until nothing unreadable is left and only then rejects, once for all of it. If it rejected earlier, the first
 * unreadable entries would be claimed again before the last were found.
 *
 * @param where the store, for the error
 */
export async function claimReadable<Place>(
  steps: ClaimSteps<Place>,
  where: string,
): Promise<ReadonlyMap<Entry, Place>> {
  let before: DecodedClaim<Place> | undefined;
  for (;;) {
    const decoded = await steps.claim(before);
    const error = decoded.isWhole ? decoded.takeError(where) : undefined;
    if (decoded.isWhole && error === undefined) return decoded.entries;
    await Promise.all([
      steps.release([...decoded.entries.values()], 0),
      steps.release(decoded.kept, UNREADABLE_PAUSE_MS),
      steps.deadLetter(decoded.damaged, decoded.outcome),
    ]);
    if (error !== undefined) throw error;
    before = decoded;
    // There may be many more, and other work must not wait for all of them.
    await new Promise(setImmediate);
  }
}
