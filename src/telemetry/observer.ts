import type { Outcome, OutcomeInfo } from '../core/outcome.js';
import type { Entry } from '../protocol/event.js';

/** `half-open`: one event probes whether the service is back. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** One HTTP request to the service, after its answer or its failure. */
export interface RequestReport {
  /** Relative to the base URL. */
  readonly path: string;
  /** The number of events in it; 0 for an assignment or personalization request. */
  readonly events: number;
  readonly bytes: number;
  /** 1 for the first attempt, and one more for each immediate retry. Events that go back to the outbox start again at 1. */
  readonly attempt: number;
  readonly durationMs: number;
  /** `undefined` if there was no answer. */
  readonly status: number | undefined;
  readonly result: 'delivered' | 'retryable' | 'tooLarge' | 'unauthorized' | 'rejected';
  /** Why it may be retried, such as `HTTP 503` or `ECONNREFUSED`. */
  readonly reason: string | undefined;
  /** The trace contexts in which its events were tracked. */
  readonly traces: readonly string[];
}

/** How an `assign` call ended. */
export interface AssignmentReport {
  readonly experimentKey: string;
  readonly inExperiment: boolean;
  readonly variantName: string | undefined;
  readonly reason: 'assigned' | 'forced' | 'sticky' | 'not_assigned' | 'no_visitor' | 'fallback';
  /** `cache`: answered without a request and without waiting. */
  readonly source: 'service' | 'cache' | 'none';
  readonly durationMs: number;
}

/**
 * Is called at each step of a client's work. Implementations must be cheap and must not throw. They may read the names, sizes and
 * ids of an entry; what leaves the process through them never includes properties or persons.
 */
export interface Observer {
  /** An event was encoded and will be stored. May set the entry's `trace`. */
  tracked(entry: Entry): void;
  /** The outbox has stored events. */
  stored(events: number): void;
  requested(report: RequestReport): void;
  /** Events went back to the outbox to be sent again, after `delayMs` at the earliest. */
  released(events: number, delayMs: number): void;
  settled(outcome: Outcome, info: OutcomeInfo): void;
  /** @param waitMs until the next probe, if `state` is `open` */
  circuit(state: CircuitState, waitMs: number): void;
  assigned(report: AssignmentReport): void;
  /** The service recorded an exposure. */
  exposed(experimentKey: string, variantName: string): void;
}
