import type { SendResult } from '../transport/send-result.js';
import { backoffMs, FREE_FACTOR, MIN_PROBE_INTERVAL_MS, searchJitterMs } from './backoff.js';

/** This many requests with identifies, failed in a row while events are taken, pause them. */
const FAILURES_TO_PAUSE = 2;
/**
 * This many if the endpoint has lately answered some: it probably fails at random, as the whole service may, and each pause would
 * cost more than the failures do.
 */
const MIXED_FAILURES_TO_PAUSE = 5;
const MIXED_FOR_MS = 10_000;
/** A try whose end nobody reports is over after this long. */
const MAX_TRY_MS = 2 * 60_000;
/** How long after events were taken only the endpoint of identifies fails, as far as is known: later, it may be an outage. */
const MAX_GAP_MS = 60_000;
/**
 * An identify that was tried comes back after this long for each try so far. So two of three tries are of another one, and hundreds
 * of bad identifies at the head of the queue do not keep the good ones behind them from being tried.
 */
const RETRY_MS = 2_000;
const MAX_RETRY_MS = 5 * 60_000;
/** How long entries are put aside for each of them: of up to 60,000, 200 are claimed and released in a second. */
const ASIDE_MS = 5;
const MIN_ASIDE_MS = 1_000;
const MAX_ASIDE_MS = 5 * 60_000;

/**
 * Keeps identifies that fail from delaying events that follow none of them: identifies have an endpoint of their own, which may
 * be down, limited or blocked alone.
 *
 *   off    ──FAILURES_TO_PAUSE requests with identifies fail in a row, while or after events were taken──▶ on; MIXED_FAILURES_TO_PAUSE
 *            if that may be chance
 *   on     ──its pause is over and a sender asks──▶ trying: that sender sends one identify
 *   trying ──it fails──▶ on, for as long as the endpoint asks, or for a second or more
 *   any    ──the service answers an identify──▶ off
 */
export interface IdentifyPause {
  readonly isOn: boolean;
  /** Whether the failure of an identify says something of its endpoint only, because events were taken a moment ago. */
  readonly isEndpointOnly: boolean;
  /** For how long it has been on while events were taken, in milliseconds; 0 if it is off. */
  readonly lastsMs: number;
  /** When to retry an identify that was tried, in milliseconds. */
  readonly retryMs: number;
  /** Whether the caller may send one identify now. It ends with {@link answered} or {@link failed}. */
  admit(): boolean;
  /** How long to put aside so many more entries, in milliseconds. */
  asideMs(count: number): number;
  /** The service has answered a request of this kind. */
  answered(kind: 'track' | 'identify'): void;
  /** A request with identifies has failed, and not as the fault of a suspect. @param isTry whether it was admitted */
  failed(result: SendResult & { readonly kind: 'retryable' }, tookMs: number, isTry: boolean): void;
}

export function createIdentifyPause(random: () => number, monotonic: () => number): IdentifyPause {
  let failures = 0;
  let failedTries = 0;
  /** Whether events were taken since the first failure. */
  let isServiceUp = false;
  let isOn = false;
  let lastsMs = 0;
  /** When events were last taken. */
  let countedAt = Number.NEGATIVE_INFINITY;
  /** When an identify was last answered. */
  let answeredAt = Number.NEGATIVE_INFINITY;
  let triesAt = 0;
  /** Entries put aside in this round and in the last; a round is as long as they are put aside. */
  let aside = 0;
  let asideBefore = 0;
  let roundEndsAt = 0;

  const isEndpointOnly = (): boolean => monotonic() - countedAt < MAX_GAP_MS;

  return {
    get isOn() {
      return isOn;
    },
    get isEndpointOnly() {
      return isEndpointOnly();
    },
    get lastsMs() {
      return lastsMs;
    },
    get retryMs() {
      return Math.min(MAX_RETRY_MS, RETRY_MS * failedTries);
    },
    admit() {
      if (monotonic() < triesAt) return false;
      triesAt = monotonic() + MAX_TRY_MS;
      return true;
    },
    asideMs(count) {
      const now = monotonic();
      if (now >= roundEndsAt) {
        asideBefore = aside;
        aside = 0;
      }
      aside += count;
      const ms = Math.min(MAX_ASIDE_MS, Math.max(MIN_ASIDE_MS, Math.max(aside, asideBefore) * ASIDE_MS));
      if (aside === count) roundEndsAt = now + ms;
      return ms;
    },
    answered(kind) {
      if (kind === 'track') {
        isServiceUp = failures > 0;
        if (isOn) lastsMs += Math.min(monotonic() - countedAt, MAX_GAP_MS);
        countedAt = monotonic();
        return;
      }
      failures = 0;
      answeredAt = monotonic();
      failedTries = 0;
      isServiceUp = false;
      isOn = false;
      lastsMs = 0;
      triesAt = 0;
      // The next pause begins with few entries, whatever this one held.
      aside = 0;
      asideBefore = 0;
      roundEndsAt = 0;
    },
    failed({ scope, afterMs }, tookMs, isTry) {
      failures += 1;
      if (isTry) failedTries += 1;
      const isMixed = scope !== 'service' && !isServiceUp && monotonic() - answeredAt < MIXED_FOR_MS;
      const enough = isMixed ? MIXED_FAILURES_TO_PAUSE : FAILURES_TO_PAUSE;
      isOn ||= failures >= enough && (isServiceUp || isEndpointOnly());
      const jitterMs = scope === 'service' ? backoffMs(Math.max(1, failedTries), random) : searchJitterMs(random);
      // The minimum applies whatever the endpoint asks for: it may ask for no pause at all.
      const pauseMs = Math.max(MIN_PROBE_INTERVAL_MS, afterMs ?? MIN_PROBE_INTERVAL_MS + jitterMs);
      triesAt = monotonic() + Math.max(pauseMs, tookMs * FREE_FACTOR);
    },
  };
}
