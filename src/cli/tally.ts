import type { Outcome } from '../core/outcome.js';
import { reasonOf } from './outcome-words.js';

/** So many events ended this way. `reason` is `''` for delivered ones. */
export interface OutcomeCount {
  readonly status: Outcome['status'];
  readonly reason: string;
  count: number;
}

/** How a relay can end an event. Counted from the start: a rate over a counter that appears with its first event misses that one. */
const EXPECTED: readonly Omit<OutcomeCount, 'count'>[] = [
  { status: 'delivered', reason: '' },
  { status: 'rejected', reason: 'invalid_event' },
  { status: 'rejected', reason: 'http_error' },
  { status: 'rejected', reason: 'event_too_large' },
  { status: 'dropped', reason: 'too_old' },
  { status: 'dropped', reason: 'retries_exhausted' },
];

/** Counts how events ended. */
export class Tally {
  readonly #counts: OutcomeCount[] = EXPECTED.map((expected) => ({ ...expected, count: 0 }));

  add(outcome: Outcome): void {
    const reason = reasonOf(outcome);
    const known = this.#counts.find((one) => one.status === outcome.status && one.reason === reason);
    if (known === undefined) this.#counts.push({ status: outcome.status, reason, count: 1 });
    else known.count += 1;
  }

  get counts(): readonly Readonly<OutcomeCount>[] {
    return this.#counts;
  }

  /** All that ended with this status. */
  total(status: Outcome['status']): number {
    return this.#counts.reduce((sum, one) => (one.status === status ? sum + one.count : sum), 0);
  }
}
