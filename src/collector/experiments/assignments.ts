import type { WireAssignmentRequest } from '../../protocol/wire.js';
import { isWithin } from '../measuring/interval.js';
import { variantOf } from './bucketing.js';
import type { Experiment, Targeting, Variant } from './experiment.js';
import type { ExperimentStore } from './experiment-store.js';
import { isTargeted } from './targeting.js';

/** What an assignment depends on beside the experiment and the request. */
export interface AssignmentContext {
  readonly experiments: Pick<ExperimentStore, 'assigned' | 'assign'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Whether the visitor has been seen in an earlier session. */
  readonly isReturning: (visitorId: string) => boolean;
}

/**
 * The variant of a visitor, or `undefined` for one who is not in the experiment, which is not the control.
 *
 * Bucketing alone decides which one it is. That it was given is remembered, because it stays: through a pause, when the
 * allocation shrinks, and [A] when a new visitor becomes a returning one. A variant that is rolled out goes to everyone on a
 * page that is targeted.
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
  if (!isWanted(experiment.targeting.visitors, () => isReturning(visitorId))) return undefined;
  const variant = variantOf(experiment, visitorId);
  if (variant !== undefined) experiments.assign(experiment, visitorId, variant, at);
  return variant;
}

function isWanted(visitors: Targeting['visitors'], isReturning: () => boolean): boolean {
  return visitors === 'all' || (visitors === 'returning') === isReturning();
}
