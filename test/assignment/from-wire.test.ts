import { expect, it } from 'vitest';
import { inVariant, toAssignment, toPersonalization } from '../../src/assignment/from-wire.js';

it('reads an assignment', () => {
  const answer = {
    in_experiment: true,
    experiment_id: 'id',
    experiment_key: 'e',
    variant_name: 'a',
    is_control: false,
  };
  expect(toAssignment('asked', answer as never)).toMatchObject({
    inExperiment: true,
    experimentId: 'id',
    experimentKey: 'e',
    variantName: 'a',
    isControl: false,
    exposed: false,
    reason: 'assigned',
  });
});

it('distinguishes a visitor outside the experiment from an invalid answer', () => {
  expect(toAssignment('e', { in_experiment: false } as never)).toEqual({
    inExperiment: false,
    experimentKey: 'e',
    reason: 'not_assigned',
  });
  expect(toAssignment('e', {})).toMatchObject({ why: expect.stringContaining('no in_experiment') });
  expect(toAssignment('e', { in_experiment: true })).toMatchObject({ why: expect.stringContaining('no variant') });
});

it('makes a forced variant, and a personalization', () => {
  expect(inVariant('e', 'a', 'forced', {})).toMatchObject({ experimentKey: 'e', variantName: 'a', reason: 'forced' });
  expect(
    toPersonalization({ assigned_at: 17, experiment_id: 'id', variant_id: 'v', variant_name: null } as never),
  ).toMatchObject({ assignedAt: 17, experimentId: 'id', variantId: 'v', variantName: undefined });
});
