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
export class Gate {
  readonly #options: GateOptions;
  #state: 'open' | 'closed' | 'probing' = 'open';
  #cause: 'outage' | 'unauthorized' = 'outage';
  #reopensAt = 0;
  /** Until when the service itself asked to be left alone. */
  #askedUntil = 0;
  #senders: number;
  #failures = 0;
  #successes = 0;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#senders = options.concurrency;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Whether the service is known to take nothing from anybody; a refused token is another matter. */
  get isDown(): boolean {
    return this.#cause === 'outage' && (this.#state === 'probing' || this.waitMs > 0);
  }

  /** Answers of the service so far: tells a poisonous request from an outage. */
  get successes(): number {
    return this.#successes;
  }

  /** Milliseconds until a probe may go out; 0 when the gate is open or one may go now. */
  get waitMs(): number {
    return this.#state === 'closed' ? Math.max(0, this.#reopensAt - this.#options.monotonic()) : 0;
  }

  /** Whether one more sender may start beside the `active` ones. A probe ends with {@link observe} or {@link abandon}. */
  admit(active: number): 'sender' | 'probe' | undefined {
    if (this.#state === 'open') return active < this.#senders ? 'sender' : undefined;
    if (this.#state === 'probing' || this.waitMs > 0) return undefined;
    this.#state = 'probing';
    return 'probe';
  }

  /** A probe that found nothing to send. */
  abandon(): void {
    if (this.#state === 'probing') this.#state = 'closed';
  }

  observe(verdict: Verdict): void {
    switch (verdict.kind) {
      case 'unauthorized':
        this.#close(UNAUTHORIZED_INTERVAL_MS * (1 + this.#options.random()), 'unauthorized', 'HTTP 401');
        return;
      case 'retryable':
        this.#failures += 1;
        if (verdict.scope === 'service' || this.#state === 'probing' || this.#failures >= FAILURES_TO_CLOSE) {
          this.fail(verdict.reason, verdict.afterMs);
        }
        return;
      default:
        // Any other answer, a refusal included, shows that the service is there.
        this.#successes += 1;
        // The answer to a request sent before the service asked for quiet: it takes nothing of that back.
        if (this.#state === 'closed' && this.#options.monotonic() < this.#askedUntil) return;
        this.#failures = 0;
        if (this.#state !== 'open') this.#senders = 1;
        else if (this.#senders < this.#options.concurrency) this.#senders += 1;
        this.#state = 'open';
        this.#options.episodes.end('outage');
        this.#options.episodes.end('unauthorized');
    }
  }

  /** Closes the gate for as long as the service asked, or for a backoff that grows with the failures. */
  fail(reason: string, afterMs?: number): void {
    if (afterMs !== undefined) this.#askedUntil = Math.max(this.#askedUntil, this.#options.monotonic() + afterMs);
    const jitter = backoffMs(Math.max(1, this.#failures), this.#options.random);
    // Asked for a time: keep to it, a little later so that not everybody comes at once. The floor holds from the
    // second failure on, whatever the service asks for.
    const wait = afterMs === undefined ? MIN_PROBE_INTERVAL_MS + jitter : afterMs + jitter / 10;
    this.#close(this.#failures > 1 ? Math.max(MIN_PROBE_INTERVAL_MS, wait) : wait, 'outage', reason);
  }

  #close(waitMs: number, cause: 'outage' | 'unauthorized', reason: string): void {
    this.#cause = cause;
    const reopensAt = this.#options.monotonic() + waitMs;
    // Answers of requests that were already under way must not shorten the wait.
    this.#reopensAt = this.#state === 'closed' ? Math.max(this.#reopensAt, reopensAt) : reopensAt;
    this.#state = 'closed';
    this.#senders = 1;
    this.#options.episodes.say(
      cause,
      cause === 'unauthorized'
        ? 'the service refused the token (HTTP 401). Events wait in the outbox and delivery resumes by itself once the token is accepted: check the token option or OURS_TOKEN.'
        : `the service takes no events at the moment (${reason}). They wait in the outbox; one request at a time probes until it is back.`,
    );
  }
}
