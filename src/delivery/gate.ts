import type { Episodes } from '../logger.js';
import { backoffMs } from './backoff.js';
import type { Verdict } from './verdict.js';

/** So many requests in a row failing, with none succeeding in between, is an outage and no bad luck. */
const FAILURES_TO_CLOSE = 5;
/** While the service is down it hears from one client at most twice a second. */
const MIN_PROBE_INTERVAL_MS = 500;
/** A refused token is mended by a person; asking twice a second would not help. */
const UNAUTHORIZED_INTERVAL_MS = 30_000;

export interface GateOptions {
  /** Senders while all is well. */
  readonly concurrency: number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  readonly random: () => number;
  readonly episodes: Episodes;
}

/**
 * The one gate in front of the service, shared by every sender of a client.
 *
 *   open ──429, 503, 401, unreachable, or five failures in a row──▶ closed
 *   closed ──its time is over and a sender asks──▶ probing (that one sender)
 *   probing ──the service answers──▶ open, with one sender and one more for each success
 *   probing ──it fails again──▶ closed, for longer
 */
export interface Gate {
  readonly isOpen: boolean;
  /** Whether the service is known to take nothing from anybody; a refused token is another matter. */
  readonly isDown: boolean;
  /** Answers of the service so far: tells a poisonous request from an outage. */
  readonly successes: number;
  /** Milliseconds until a probe may go out; 0 when the gate is open or one may go now. */
  readonly waitMs: number;
  /** Whether one more sender may start beside the `active` ones. A probe ends with {@link observe} or {@link abandon}. */
  admit(active: number): 'sender' | 'probe' | undefined;
  /** A probe that found nothing to send. */
  abandon(): void;
  observe(verdict: Verdict): void;
  /** Closes the gate for as long as the service asked, or for a backoff that grows with the failures. */
  fail(reason: string, afterMs: number | undefined): void;
}

export function createGate({ concurrency, monotonic, random, episodes }: GateOptions): Gate {
  /** Why it is not open. */
  let cause: 'outage' | 'unauthorized' | undefined;
  let isProbing = false;
  let reopensAt = 0;
  /** Until when the service itself asked to be left alone. */
  let askedUntil = 0;
  let senders = concurrency;
  let failures = 0;
  let successes = 0;

  const waitMs = (): number => (cause === undefined ? 0 : Math.max(0, reopensAt - monotonic()));

  function close(why: 'outage' | 'unauthorized', forMs: number, message: string): void {
    cause = why;
    isProbing = false;
    // Answers of requests that were already under way must not shorten the wait.
    reopensAt = Math.max(reopensAt, monotonic() + forMs);
    senders = 1;
    episodes.say(why, `${message} Events wait in the outbox; delivery resumes by itself.`);
  }

  function fail(reason: string, afterMs: number | undefined): void {
    if (afterMs !== undefined) askedUntil = Math.max(askedUntil, monotonic() + afterMs);
    const jitter = backoffMs(failures, random);
    // Asked for a time: keep to it, a little later so that not everybody comes at once. The floor holds from the
    // second failure on, whatever the service asks for.
    const forMs = afterMs === undefined ? MIN_PROBE_INTERVAL_MS + jitter : afterMs + jitter / 10;
    close(
      'outage',
      failures > 1 ? Math.max(MIN_PROBE_INTERVAL_MS, forMs) : forMs,
      `the service takes no events at the moment (${reason}).${reason === 'HTTP 404' ? ' Is baseUrl right?' : ''}`,
    );
  }

  function succeed(): void {
    successes += 1;
    // The answer to a request sent before the service asked for quiet: it takes nothing of that back.
    if (monotonic() < askedUntil) return;
    failures = 0;
    if (cause === undefined) senders = Math.min(senders + 1, concurrency);
    cause = undefined;
    isProbing = false;
    reopensAt = 0;
    episodes.end('outage');
    episodes.end('unauthorized');
  }

  return {
    get isOpen() {
      return cause === undefined;
    },
    get isDown() {
      return cause === 'outage' && (isProbing || waitMs() > 0);
    },
    get successes() {
      return successes;
    },
    get waitMs() {
      return waitMs();
    },

    admit(active) {
      if (cause === undefined) return active < senders ? 'sender' : undefined;
      if (isProbing || waitMs() > 0) return undefined;
      isProbing = true;
      return 'probe';
    },

    abandon() {
      isProbing = false;
    },

    observe(verdict) {
      switch (verdict.kind) {
        case 'unauthorized':
          return close(
            'unauthorized',
            UNAUTHORIZED_INTERVAL_MS * (1 + random()),
            'the service refused the token (HTTP 401): check the token option or OURS_TOKEN.',
          );
        case 'retryable':
          failures += 1;
          if (verdict.scope !== 'request' || isProbing || failures >= FAILURES_TO_CLOSE)
            fail(verdict.reason, verdict.afterMs);
          return;
        default:
          // Any other answer, a refusal included, shows that the service is there.
          succeed();
      }
    },
    fail,
  };
}
