import type { WarnOnce } from '../core/logger.js';
import type { CircuitState, Observer } from '../telemetry/observer.js';
import type { SendResult } from '../transport/send-result.js';
import { backoffMs, MIN_PROBE_INTERVAL_MS, searchJitterMs } from './backoff.js';
import { MAX_WINDOW_ENTRIES } from './probe-search.js';

/** This many failures in a row, with no success in between, are an outage, not bad luck. */
const FAILURES_TO_OPEN = 5;
/** For this long after a success, the failure of a suspect is expected and says nothing about the service. */
const EVIDENCE_MS = 2_000;
/**
 * After this many failed probes in a row, which take almost two hours, the search slows down to the usual backoff. It is two for
 * each event of the largest window: by then, each of them has been probed.
 */
const SEARCH_PROBES = 2 * MAX_WINDOW_ENTRIES;
/** After this many, a service that reports an overload may be failing on a single event. */
const DOUBTED_PROBES = 60;
/** A person has to fix a refused token; asking twice a second would not help. */
const UNAUTHORIZED_INTERVAL_MS = 30_000;

/**
 * What a request contains: events that have not failed, suspects of poison isolation, the one event of a probe, or identifies while
 * events are taken, of which a failure says something of their endpoint only.
 */
export type Sent = 'fresh' | 'suspect' | 'probe' | 'try';

/** A probe, and how many have failed since the breaker opened: with each, the search for an event that passes widens. */
export interface Probe {
  readonly failedBefore: number;
}

export interface CircuitBreakerOptions {
  /** The number of senders while the service works. */
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
 * The circuit breaker in front of the service, shared by all senders of a client.
 *
 *   closed    ──429, 503, unreachable, or FAILURES_TO_OPEN failures in a row──▶ open
 *   closed    ──`open`: a request has used up its retries, and nothing else was answered──▶ open
 *   open      ──its wait is over and a sender asks──▶ half-open: that sender probes with one event
 *   half-open ──the probe fails──▶ open; the next probe looks further into the queue
 *   half-open ──`abandon`: there was nothing to probe with──▶ open, without a further wait
 *   not closed ──the service answers, and asked for no pause that still lasts──▶ closed, with one sender, and one more for each
 *                further answer
 *   any       ──401──▶ open, for at least UNAUTHORIZED_INTERVAL_MS
 *
 * How much a failure counts depends on what the request contained. A suspect is expected to fail: it counts only once nothing has
 * succeeded for EVIDENCE_MS. A try says nothing about the service. If a request that was sent before the breaker opened fails
 * afterwards, only the pause that the service asks for counts.
 */
export interface CircuitBreaker {
  readonly isClosed: boolean;
  readonly state: CircuitState;
  /** Whether the service is known to take nothing at the moment. `false` for a refused token. */
  readonly isDown: boolean;
  /**
   * Whether the next probe should skip the events of the last one, which may have caused its failure. After many failed probes
   * this holds even if the service reports an overload.
   */
  readonly isSearching: boolean;
  /** Milliseconds until a probe may be sent; 0 if the breaker is closed or a probe may be sent now. */
  readonly waitMs: number;
  /** Whether one more sender may start while `active` ones run. A probe ends with {@link observe} or {@link abandon}. */
  admit(active: number): 'sender' | Probe | undefined;
  /** Ends this probe if it still is the one: it found nothing to send. */
  abandon(probe: Probe): void;
  observe(result: SendResult, sent: Sent): void;
  /** Opens after a request has used up its retries while nothing else was answered. */
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
  /** The one under way. */
  let probe: Probe | undefined;
  let opensUntil = 0;
  /** The end of the pause that the service itself asked for. */
  let askedUntil = 0;
  let senders = concurrency;
  let failures = 0;
  let failedProbes = 0;
  let isAmbiguous = false;
  let succeededAt = Number.NEGATIVE_INFINITY;

  const state = (): CircuitState => (cause === undefined ? 'closed' : probe !== undefined ? 'half-open' : 'open');
  const waitMs = (): number => (cause === undefined ? 0 : Math.max(0, opensUntil - monotonic()));

  function tell(before: CircuitState): void {
    if (state() !== before) observer?.circuit(state(), waitMs());
  }

  function openFor(ms: number, why: 'outage' | 'unauthorized', message: string): void {
    const before = state();
    cause = why;
    probe = undefined;
    opensUntil = Math.max(opensUntil, monotonic() + ms);
    senders = 1;
    tell(before);
    warnings.once(why, `${message} Events wait in the outbox; delivery resumes automatically.`);
  }

  function open(reason: string, afterMs: number | undefined): void {
    if (afterMs !== undefined) askedUntil = Math.max(askedUntil, monotonic() + afterMs);
    const jitter =
      isAmbiguous && failedProbes <= SEARCH_PROBES ? searchJitterMs(random) : backoffMs(failures || 1, random);
    // A stated pause is kept, and ends a little later so that clients do not all come back at once. From the second failure on,
    // the minimum applies whatever the service asks for.
    const route = via?.();
    const forMs = afterMs === undefined ? MIN_PROBE_INTERVAL_MS + jitter : afterMs + jitter / 10;
    openFor(
      failures > 1 ? Math.max(MIN_PROBE_INTERVAL_MS, forMs) : forMs,
      'outage',
      `the service takes no events at the moment (${reason}${route ? `, through ${route}` : ''}).${reason === 'HTTP 404' ? ' Is baseUrl right?' : ''}`,
    );
  }

  function succeed(): void {
    // The request may have been sent before the service asked for a pause, which still applies.
    if (monotonic() < askedUntil) return;
    const before = state();
    succeededAt = monotonic();
    failures = 0;
    failedProbes = 0;
    if (cause === undefined) senders = Math.min(senders + 1, concurrency);
    cause = undefined;
    probe = undefined;
    opensUntil = 0;
    tell(before);
    warnings.end('outage');
    warnings.end('unauthorized');
  }

  /** Whether the failure of a request is expected and says nothing about the service. */
  const isExpected = (sent: Sent): boolean => sent === 'suspect' && monotonic() - succeededAt < EVIDENCE_MS;

  function fail({ scope, reason, afterMs }: SendResult & { readonly kind: 'retryable' }, sent: Sent): void {
    if (cause !== undefined && sent !== 'probe') {
      if (afterMs !== undefined) open(reason, afterMs);
      return;
    }
    if (isExpected(sent)) return;
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
      return cause === 'outage' && (probe !== undefined || waitMs() > 0);
    },
    get isSearching() {
      return isAmbiguous || failedProbes > DOUBTED_PROBES;
    },
    get waitMs() {
      return waitMs();
    },

    admit(active) {
      if (cause === undefined) return active < senders ? 'sender' : undefined;
      if (probe !== undefined || waitMs() > 0) return undefined;
      probe = { failedBefore: failedProbes };
      tell('open');
      return probe;
    },

    abandon(ended) {
      // The sender of a probe that passed ends later, perhaps while another one is under way.
      if (ended !== probe) return;
      const before = state();
      probe = undefined;
      tell(before);
    },

    observe(result, sent) {
      if (sent === 'try' && (result.kind === 'retryable' || result.kind === 'unauthorized')) return;
      switch (result.kind) {
        case 'unauthorized':
          if (cause === undefined && isExpected(sent)) return;
          return openFor(
            UNAUTHORIZED_INTERVAL_MS * (1 + random()),
            'unauthorized',
            'the service refused the token (HTTP 401): check the token option or OURS_TOKEN.',
          );
        case 'retryable':
          return fail(result, sent);
        default:
          // Any other answer, including a refusal, shows that the service is up.
          succeed();
      }
    },
    open,
  };
}
