import type { WireAssignmentAnswer, WirePersonalization } from '../protocol/wire.js';
import type { Assignment, Personalization } from './assignment.js';
import { NoAnswer } from './no-answer.js';

type WireAssigned = Extract<WireAssignmentAnswer, { in_experiment: true }>;

export function toAssignment(experimentKey: string, answer: Partial<WireAssigned>): Assignment | NoAnswer {
  const isIn: unknown = answer.in_experiment;
  if (isIn === false) return { inExperiment: false, experimentKey, reason: 'not_assigned' };
  if (isIn !== true) return new NoAnswer('the answer has no in_experiment.');
  const variantName = answer.variant_name ?? answer.variant_id;
  return typeof variantName === 'string'
    ? inVariant(experimentKey, variantName, 'assigned', answer)
    : new NoAnswer('the answer has no variant.');
}

/** The assignment of a visitor in the experiment. */
export function inVariant(
  experimentKey: string,
  variantName: string,
  reason: 'assigned' | 'forced',
  answer: Partial<WireAssigned>,
): Assignment {
  return {
    ...toNames(answer),
    inExperiment: true,
    experimentKey: answer.experiment_key ?? experimentKey,
    variantName,
    isControl: answer.is_control ?? undefined,
    type: answer.type ?? undefined,
    redirect: answer.redirect ?? undefined,
    exposed: false,
    reason,
  };
}

export function toPersonalization(wire: WirePersonalization): Personalization {
  return { ...toNames(wire), assignedAt: wire.assigned_at };
}

function toNames<Wire extends Partial<WireAssigned>>(wire: Wire) {
  return {
    experimentId: wire.experiment_id as Wire['experiment_id'],
    experimentKey: wire.experiment_key ?? undefined,
    experimentName: wire.experiment_name ?? undefined,
    variantId: wire.variant_id as Wire['variant_id'],
    variantName: wire.variant_name ?? undefined,
  };
}
