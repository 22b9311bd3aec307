import type { Undelivered } from '../../core/outcome.js';
import type { Entry } from '../../protocol/event.js';
import type { DecodedClaim } from './decoded-claim.js';

/** How soon a record is read again that may become readable with other keys or settings. */
const LOCKED_PAUSE_MS = 60_000;
/**
 * The same for the records that a claim finds once it has taken {@link MANY_AFTER_MS}. With the shorter pause, the first of very
 * many would be due again before the last is found, and no claim would get past them to the entries behind.
 */
const MANY_LOCKED_PAUSE_MS = 60 * 60_000;
const MANY_AFTER_MS = 10_000;
/** A claim ends after this time, even if there are more locked records than can be put aside. */
const LONGEST_CLAIM_MS = MANY_LOCKED_PAUSE_MS / 2;

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
 * It claims until nothing unreadable is left, or for {@link LONGEST_CLAIM_MS}, and only then rejects, once for all of it: a relay
 * pauses after each rejection, and makes its next claims smaller.
 *
 * @param where the store, for the error
 */
export async function claimReadable<Place>(
  steps: ClaimSteps<Place>,
  where: string,
): Promise<ReadonlyMap<Entry, Place>> {
  let before: DecodedClaim<Place> | undefined;
  let startedAt: number | undefined;
  for (;;) {
    const decoded = await steps.claim(before);
    startedAt ??= performance.now();
    const tookMs = performance.now() - startedAt;
    const isLast = decoded.isWhole || tookMs >= LONGEST_CLAIM_MS;
    const error = isLast ? decoded.takeError(where) : undefined;
    if (decoded.isWhole && error === undefined) return decoded.entries;
    await Promise.all([
      steps.release([...decoded.entries.values()], 0),
      steps.release(decoded.kept, tookMs < MANY_AFTER_MS ? LOCKED_PAUSE_MS : MANY_LOCKED_PAUSE_MS),
      steps.deadLetter(decoded.damaged, decoded.outcome),
    ]);
    if (error !== undefined) throw error;
    if (isLast) return new Map();
    before = decoded;
    // There may be many more, and other work must not wait for all of them.
    await new Promise(setImmediate);
  }
}
