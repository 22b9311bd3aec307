import type { WireAssignmentRequest } from '../../protocol/wire.js';
import { isWithin } from '../measuring/interval.js';
import { variantOf } from './bucketing.js';
import type { Experiment, Targeting, Variant } from './experiment.js';
import type { ExperimentStore } from './experiment-store.js';
import { isTargeted } from './targeting.js';

/** The dependencies of an assignment. */
export interface AssignmentContext {
  readonly experiments: Pick<ExperimentStore, 'assigned' | 'assign'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Whether the visitor was seen in an earlier session. */
  readonly isReturning: (visitorId: string) => boolean;
}

/**
 * The variant of a visitor, or `undefined` for a visitor who is not in the experiment, which is different from the control.
 *
 * Bucketing alone chooses the variant. The assignment is stored, because it stays through a pause, when the allocation shrinks,
 * and [A] when a new visitor becomes a returning one. A variant that is rolled out goes to everyone on a targeted page.
 */
export function assign(
  experiment: Experiment,
  { visitor_id: visitorId, context: page }: WireAssignmentRequest,
  { experiments, now, isReturning }: AssignmentContext,
): Variant | undefined {
  const at = now();
  if (!isTargeted(experiment.targeting, page)) return undefined;
  const rolledOut = experiment.variants.find(({ id }) => id === experiment.rollout);
  if (rolledOut !== undefined) return rolledOut;
  if (!isWithin(experiment.runs, at)) return undefined;
  const known = experiments.assigned(experiment, visitorId);
  if (known !== undefined || isWithin(experiment.pauses, at)) return known;
  if (!isIncluded(experiment.targeting.visitors, () => isReturning(visitorId))) return undefined;
  const variant = variantOf(experiment, visitorId);
  if (variant !== undefined) experiments.assign(experiment, visitorId, variant, at);
  return variant;
}

function isIncluded(visitors: Targeting['visitors'], isReturning: () => boolean): boolean {
  return visitors === 'all' || (visitors === 'returning') === isReturning();
}
