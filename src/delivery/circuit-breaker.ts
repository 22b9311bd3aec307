import type { WarnOnce } from '../core/logger.js';
import type { CircuitState, Observer } from '../telemetry/observer.js';
import type { SendResult } from '../transport/send-result.js';
import { backoffMs } from './backoff.js';

/** So many failures in a row, with no success in between, are an outage and not bad luck. */
const FAILURES_TO_OPEN = 5;
/** For so long after a success, the failure of a suspected event is expected and says nothing about the service. */
const EVIDENCE_MS = 2_000;
/** While the breaker is open the service gets at most two requests a second from one client. */
const MIN_PROBE_INTERVAL_MS = 500;
/** Jitter between probes whose failure may be the probed event's own fault: they look for an event that passes. */
const SEARCH_JITTER_MS = 1_000;
/** After so many failed probes in a row, ten minutes of them, the search slows down to the usual backoff. */
const SEARCH_PROBES = 600;
/** After so many even a service that says that it is overloaded may mean a single event. */
const DOUBTED_PROBES = 60;
/** A person has to fix a refused token; asking twice a second would not help. */
const UNAUTHORIZED_INTERVAL_MS = 30_000;

/** What a request carried: events without a history, suspects of poison isolation, or the one event of a probe. */
export type Sent = 'fresh' | 'suspect' | 'probe';

/** A probe, and how many before it failed since the breaker opened: the search for an event that passes widens with them. */
export interface Probe {
  readonly failedBefore: number;
}

export interface CircuitBreakerOptions {
  /** Senders while all is well. */
  readonly concurrency: number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  readonly random: () => number;
  readonly warnings: WarnOnce;
  readonly observer?: Observer | undefined;
  /** What requests go through, for the warning. */
  readonly via?: (() => string | undefined) | undefined;
}

/**
 * The one circuit breaker in front of the service, shared by every sender of a client.
 *
 *   closed    ──401, 429, 503, unreachable, or FAILURES_TO_OPEN failures in a row──▶ open
 *   open      ──its wait is over and a sender asks──▶ half-open: that sender probes with one event
 *   half-open ──the service answers──▶ closed, with one sender, and one more for each success
 *   half-open ──the probe fails──▶ open again; the next probe looks further into the queue
 *   half-open ──there was nothing to probe with──▶ open, for no longer than before
 *
 * What it learns from a request depends on what the request carried. A suspect is expected to fail: it counts only once
 * nothing has succeeded for EVIDENCE_MS. A request sent before the breaker opened changes nothing by failing afterwards,
 * except that a pause the service asked for is kept.
 */
export interface CircuitBreaker {
  readonly isClosed: boolean;
  readonly state: CircuitState;
  /** Whether the service is known to take nothing at the moment. A refused token is another matter. */
  readonly isDown: boolean;
  /**
   * Whether the next probe is to look past the events of the last one: its failure may have been theirs. After many failed
   * probes even a service that says that it is overloaded may mean a single event.
   */
  readonly isSearching: boolean;
  /** Milliseconds until a probe may go out; 0 when the breaker is closed or one may go now. */
  readonly waitMs: number;
  /** Whether one more sender may start next to the `active` ones. A probe ends with {@link observe} or {@link abandon}. */
  admit(active: number): 'sender' | Probe | undefined;
  /** Ends a probe that found nothing to send. */
  abandon(): void;
  observe(result: SendResult, sent: Sent): void;
  /** Opens after a request has spent its retries while nothing else was answered either. */
  open(reason: string, afterMs: number | undefined): void;
}

export function createCircuitBreaker({
  concurrency,
  monotonic,
  random,
  warnings,
  observer,
  via,
}: CircuitBreakerOptions): CircuitBreaker {
  /** Why it is not closed. */
  let cause: 'outage' | 'unauthorized' | undefined;
  let isProbing = false;
  let opensUntil = 0;
  /** Until when the service itself asked for a pause. */
  let askedUntil = 0;
  let senders = concurrency;
  let failures = 0;
  let failedProbes = 0;
  let isAmbiguous = false;
  let succeededAt = Number.NEGATIVE_INFINITY;

  const state = (): CircuitState => (cause === undefined ? 'closed' : isProbing ? 'half-open' : 'open');
  const waitMs = (): number => (cause === undefined ? 0 : Math.max(0, opensUntil - monotonic()));

  function tell(before: CircuitState): void {
    if (state() !== before) observer?.circuit(state(), waitMs());
  }

  function openFor(ms: number, why: 'outage' | 'unauthorized', message: string): void {
    const before = state();
    cause = why;
    isProbing = false;
    opensUntil = Math.max(opensUntil, monotonic() + ms);
    senders = 1;
    tell(before);
    warnings.once(why, `${message} Events wait in the outbox; delivery resumes automatically.`);
  }

  function open(reason: string, afterMs: number | undefined): void {
    if (afterMs !== undefined) askedUntil = Math.max(askedUntil, monotonic() + afterMs);
    const jitter =
      isAmbiguous && failedProbes <= SEARCH_PROBES ? random() * SEARCH_JITTER_MS : backoffMs(failures || 1, random);
    // A stated pause is kept, and ends a little later so that not every client comes back at once. The minimum holds from
    // the second failure on, whatever the service asks for.
    const route = via?.();
    const forMs = afterMs === undefined ? MIN_PROBE_INTERVAL_MS + jitter : afterMs + jitter / 10;
    openFor(
      failures > 1 ? Math.max(MIN_PROBE_INTERVAL_MS, forMs) : forMs,
      'outage',
      `the service takes no events at the moment (${reason}${route ? `, through ${route}` : ''}).${reason === 'HTTP 404' ? ' Is baseUrl right?' : ''}`,
    );
  }

  function succeed(): void {
    // The answer to a request sent before the service asked for a pause takes nothing of that back.
    if (monotonic() < askedUntil) return;
    const before = state();
    succeededAt = monotonic();
    failures = 0;
    failedProbes = 0;
    if (cause === undefined) senders = Math.min(senders + 1, concurrency);
    cause = undefined;
    isProbing = false;
    opensUntil = 0;
    tell(before);
    warnings.end('outage');
    warnings.end('unauthorized');
  }

  function fail({ scope, reason, afterMs }: SendResult & { readonly kind: 'retryable' }, sent: Sent): void {
    if (cause !== undefined && sent !== 'probe') {
      if (afterMs !== undefined) open(reason, afterMs);
      return;
    }
    if (sent === 'suspect' && monotonic() - succeededAt < EVIDENCE_MS) return;
    failures += 1;
    isAmbiguous = scope !== 'service';
    if (sent === 'probe') failedProbes += 1;
    if (!isAmbiguous || sent === 'probe' || failures >= FAILURES_TO_OPEN) open(reason, afterMs);
  }

  return {
    get state() {
      return state();
    },
    get isClosed() {
      return cause === undefined;
    },
    get isDown() {
      return cause === 'outage' && (isProbing || waitMs() > 0);
    },
    get isSearching() {
      return isAmbiguous || failedProbes > DOUBTED_PROBES;
    },
    get waitMs() {
      return waitMs();
    },

    admit(active) {
      if (cause === undefined) return active < senders ? 'sender' : undefined;
      if (isProbing || waitMs() > 0) return undefined;
      isProbing = true;
      tell('open');
      return { failedBefore: failedProbes };
    },

    abandon() {
      const before = state();
      isProbing = false;
      tell(before);
    },

    observe(result, sent) {
      switch (result.kind) {
        case 'unauthorized':
          return openFor(
            UNAUTHORIZED_INTERVAL_MS * (1 + random()),
            'unauthorized',
            'the service refused the token (HTTP 401): check the token option or OURS_TOKEN.',
          );
        case 'retryable':
          return fail(result, sent);
        default:
          // Any other answer, a refusal included, shows that the service is there.
          succeed();
      }
    },
    open,
  };
}
