import { sentenceOf, type WarnOnce } from '../core/logger.js';
import { later } from '../core/timers.js';
import type { Exposures } from './exposure-store.js';

/** How long a store that failed is left alone; doubled with each further failure. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** A store works again when it has not failed for so long: one that is slow now and then is one trouble, with one warning. */
const SOUND_AFTER_MS = 60_000;

/** What is known of a store, for all clients that use it: on Workers each request has another client. */
interface Health {
  downUntil: number;
  /** 0 while the store works. */
  pauseMs: number;
  lastFailedAt: number;
}

const healths = new WeakMap<Exposures, Health>();

export interface StoreGuardOptions {
  readonly timeoutMs: number;
  readonly monotonic: () => number;
  readonly warnings: WarnOnce;
}

/** Keeps a store that fails or does not answer away from the page. */
export interface StoreGuard {
  /** Whether the store may be asked now. */
  readonly isOpen: boolean;
  /** The store's answer; `undefined` when there is none in time, or the store is left alone. Never rejects. */
  ask<Answer>(work: () => Promise<Answer>): Promise<Answer | undefined>;
}

/**
 *   working ──a call fails or has no answer in time──▶ paused ──the pause is over──▶ one call tries
 *   one call tries ──it is answered──▶ working
 *                  ──it fails──▶ paused, twice as long
 *
 * So a store that never answers delays one page by `timeoutMs` at each end of a pause, and keeps few unanswered calls.
 */
export function createStoreGuard(store: Exposures, { timeoutMs, monotonic, warnings }: StoreGuardOptions): StoreGuard {
  const health: Health = healths.get(store) ?? { downUntil: 0, pauseMs: 0, lastFailedAt: 0 };
  healths.set(store, health);
  const isOpen = (): boolean => monotonic() >= health.downUntil;

  return {
    get isOpen() {
      return isOpen();
    },

    async ask(work) {
      if (!isOpen()) return undefined;
      const isTrial = health.pauseMs > 0;
      // Nobody else tries meanwhile.
      if (isTrial) health.downUntil = monotonic() + health.pauseMs;
      try {
        const answer = await within(work(), timeoutMs);
        health.downUntil = 0;
        health.pauseMs = 0;
        if (monotonic() - health.lastFailedAt >= SOUND_AFTER_MS) warnings.end('exposures');
        return answer;
      } catch (error) {
        health.lastFailedAt = monotonic();
        // Calls that were under way together fail together.
        if (isTrial || isOpen()) {
          health.pauseMs = Math.min(Math.max(FIRST_PAUSE_MS, health.pauseMs * 2), LONGEST_PAUSE_MS);
          health.downUntil = monotonic() + health.pauseMs;
        }
        warnings.once(
          'exposures',
          `the store of exposures failed: ${sentenceOf(error)} Each process records exposures of its own until it works again: check that it can be reached.`,
        );
        return undefined;
      }
    },
  };
}

function within<Answer>(answer: Promise<Answer>, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error(`no answer within ${timeoutMs} ms (exposuresTimeoutMs).`));
    // One turn more: after a stall of this process the answer may be there, unread.
    let cancel = later(timeoutMs, () => {
      cancel = later(0, fail);
    });
    answer.then(resolve, reject).finally(() => cancel());
  });
}
