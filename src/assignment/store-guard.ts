import { sentenceOf, type WarnOnce } from '../core/logger.js';
import { withTimeout } from '../core/with-timeout.js';
import type { Exposures } from './exposure-store.js';

/** The pause after a failure; doubled with each further failure. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** A store that has not failed for this long works again. An intermittent problem gets only one warning. */
const SOUND_AFTER_MS = 60_000;

/** The state of a store, shared by all its clients: on Workers each request has its own client. */
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

/** A circuit breaker that keeps a failing store from delaying pages. */
export interface StoreGuard {
  /** Whether the store may be asked now. */
  readonly isOpen: boolean;
  /** The store's answer; `undefined` if it does not come in time, or during a pause. Never rejects. */
  ask<Answer>(work: () => Promise<Answer>): Promise<Answer | undefined>;
}

/**
 *   working ──a call fails or has no answer in time──▶ paused ──the pause is over──▶ one call tries
 *   one call tries ──it is answered──▶ working
 *                  ──it fails──▶ paused, twice as long
 *
 * A store that never answers delays one page by `timeoutMs` at each end of a pause, and has few unanswered calls.
 */
export function createStoreGuard(store: Exposures, { timeoutMs, monotonic, warnings }: StoreGuardOptions): StoreGuard {
  const health: Health = healths.get(store) ?? { downUntil: 0, pauseMs: 0, lastFailedAt: 0 };
  healths.set(store, health);
  const isOpen = (): boolean => monotonic() >= health.downUntil;

  const fail = (): never => {
    throw new Error(`no answer within ${timeoutMs} ms (exposuresTimeoutMs).`);
  };

  return {
    get isOpen() {
      return isOpen();
    },

    async ask(work) {
      if (!isOpen()) return undefined;
      const isTrial = health.pauseMs > 0;
      // No other call tries meanwhile.
      if (isTrial) health.downUntil = monotonic() + health.pauseMs;
      try {
        const answer = await withTimeout(work(), { timeoutMs, onTimeout: fail });
        health.downUntil = 0;
        health.pauseMs = 0;
        if (monotonic() - health.lastFailedAt >= SOUND_AFTER_MS) warnings.end('exposures');
        return answer;
      } catch (error) {
        health.lastFailedAt = monotonic();
        // Concurrent calls fail together and count once.
        if (isTrial || isOpen()) {
          health.pauseMs = Math.min(Math.max(FIRST_PAUSE_MS, health.pauseMs * 2), LONGEST_PAUSE_MS);
          health.downUntil = monotonic() + health.pauseMs;
        }
        warnings.once(
          'exposures',
          `the store of exposures failed: ${sentenceOf(error)} Until it works, each process records its own exposures.`,
        );
        return undefined;
      }
    },
  };
}
