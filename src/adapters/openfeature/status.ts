import type { Assignment } from '../../assignment/assignment.js';
import { ProviderEvents } from './events.js';
import { isUnknownExperiment } from './resolution.js';
import type { ProviderEventEmitter } from './types.js';

/** An outage has many single successes in it; each would otherwise be an event. */
const CALM_MS = 5_000;

/** The reasons that only an answer of the service has. */
const ANSWERS: ReadonlySet<Assignment['reason']> = new Set(['assigned', 'not_assigned']);

/** The provider's status, as its events tell it. */
export interface ProviderStatus {
  readonly events: ProviderEventEmitter;
  /** Notes an answer that is not from the cache, or the failure to get one. */
  note(assignment: Assignment): void;
}

/**
 *   ready ──a visitor keeps the last variant──▶ stale
 *   ready, stale ──there is no assignment──▶ error
 *   stale, error ──an answer, 5 s after the last failure or later──▶ ready
 *
 * The SDK reports the first `ready` itself. In none of these states does it stop evaluating.
 */
export function createProviderStatus(monotonic: () => number): ProviderStatus {
  const events = new ProviderEvents();
  let state: 'ready' | 'stale' | 'error' = 'ready';
  let failedAt = 0;

  function fail(next: 'stale' | 'error', event: string, message: string): void {
    failedAt = monotonic();
    if (state === next || state === 'error') return;
    state = next;
    events.emit(event, { message });
  }

  return {
    events,
    note(assignment) {
      if (assignment.reason === 'sticky') {
        fail('stale', 'PROVIDER_STALE', 'the service cannot answer now; visitors keep the variant they had.');
      } else if (assignment.reason === 'fallback') {
        // Without an error the client is disabled. An unknown experiment is an answer to one flag.
        if (!assignment.error || isUnknownExperiment(assignment)) return;
        fail('error', 'PROVIDER_ERROR', assignment.error.message);
      } else if (state !== 'ready' && ANSWERS.has(assignment.reason) && monotonic() - failedAt >= CALM_MS) {
        state = 'ready';
        events.emit('PROVIDER_READY', { message: 'the service answers again.' });
      }
    },
  };
}
