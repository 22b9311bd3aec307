import type { Outcome } from '../../core/outcome.js';

/** Why an event was not delivered; `undefined` when it was. */
export function outcomeMessage(outcome: Outcome): string | undefined {
  if (outcome.status === 'delivered') return undefined;
  if (outcome.status === 'rejected') return outcome.message;
  return outcome.message ?? `it was ${outcome.status} (${outcome.reason}).`;
}
