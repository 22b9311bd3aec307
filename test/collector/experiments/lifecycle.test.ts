import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyDesign, blankDraft, type ExperimentDesign } from '../../../src/collector/experiments/design.js';
import type { Experiment } from '../../../src/collector/experiments/experiment.js';
import {
  edit,
  endRollout,
  nameWinner,
  pause,
  resume,
  rollOut,
  start,
  stop,
} from '../../../src/collector/experiments/lifecycle.js';
import { isProblem, type Problem } from '../../../src/collector/experiments/problem.js';

const FOREVER = Number.POSITIVE_INFINITY;

const design: ExperimentDesign = {
  variants: [{ name: 'C' }, { name: 'T' }],
  primary: 'purchase',
};
const draft = applyDesign(blankDraft('exp_1', 'checkout', 5), design);
const running = done(start(draft, 10));
const paused = done(pause(running, 20));
const completed = done(stop(running, 30));
const rolledOut = done(rollOut(completed, 'variant_T'));
const states = { draft, running, paused, completed, rolledOut };

const actions = {
  start,
  pause,
  resume,
  stop,
  nameWinner: (experiment: Experiment) => nameWinner(experiment, 'variant_T'),
  rollOut: (experiment: Experiment) => rollOut(experiment, 'variant_T'),
  endRollout,
  edit: (experiment: Experiment) => edit(experiment, { name: 'New name' }),
};

function done(result: Experiment | Problem): Experiment {
  if (isProblem(result)) throw new Error(result.message);
  return result;
}

describe('the life of an experiment', () => {
  it.each<[keyof typeof states, keyof typeof actions, Partial<Experiment> | Problem]>([
    ['draft', 'start', { status: 'running', runs: [[50, FOREVER]], pauses: [] }],
    ['draft', 'pause', { status: 409, message: 'Only a running experiment can be paused; this one is a draft.' }],
    ['draft', 'resume', { status: 409, message: 'Only a paused experiment can be resumed; this one is a draft.' }],
    [
      'draft',
      'stop',
      { status: 409, message: 'Only a running or paused experiment can be stopped; this one is a draft.' },
    ],
    [
      'draft',
      'nameWinner',
      { status: 409, message: 'Only a started experiment can have a winner; this one is a draft.' },
    ],
    ['draft', 'edit', { status: 'draft', name: 'New name' }],
    ['running', 'start', { status: 409, message: 'Only a draft can be started; this one is running.' }],
    ['running', 'pause', { status: 'paused', runs: [[10, FOREVER]], pauses: [[50, FOREVER]] }],
    ['running', 'resume', { status: 409, message: 'Only a paused experiment can be resumed; this one is running.' }],
    ['running', 'stop', { status: 'completed', runs: [[10, 50]], pauses: [], winner: undefined }],
    ['running', 'nameWinner', { status: 'running', winner: 'variant_T' }],
    [
      'running',
      'rollOut',
      { status: 409, message: 'Only a completed experiment can be rolled out; this one is running.' },
    ],
    ['running', 'edit', { status: 'running', name: 'New name', runs: [[10, FOREVER]] }],
    ['paused', 'start', { status: 409, message: 'Only a draft can be started; this one is paused.' }],
    ['paused', 'pause', { status: 409, message: 'Only a running experiment can be paused; this one is paused.' }],
    ['paused', 'resume', { status: 'running', runs: [[10, FOREVER]], pauses: [[20, 50]] }],
    ['paused', 'stop', { status: 'completed', runs: [[10, 50]], pauses: [[20, 50]] }],
    ['paused', 'nameWinner', { status: 'paused', winner: 'variant_T' }],
    ['paused', 'edit', { status: 'paused', name: 'New name', pauses: [[20, FOREVER]] }],
    ['completed', 'start', { status: 409, message: 'Only a draft can be started; this one is completed.' }],
    ['completed', 'pause', { status: 409, message: 'Only a running experiment can be paused; this one is completed.' }],
    [
      'completed',
      'resume',
      { status: 409, message: 'Only a paused experiment can be resumed; this one is completed.' },
    ],
    [
      'completed',
      'stop',
      { status: 409, message: 'Only a running or paused experiment can be stopped; this one is completed.' },
    ],
    ['completed', 'nameWinner', { status: 'completed', runs: [[10, 30]], winner: 'variant_T', rollout: undefined }],
    ['completed', 'rollOut', { status: 'completed', rollout: 'variant_T', winner: undefined }],
    ['completed', 'endRollout', { status: 409, message: 'No variant of this experiment is rolled out.' }],
    ['completed', 'edit', { status: 409, message: 'A completed experiment cannot be edited.' }],
    ['rolledOut', 'endRollout', { status: 'completed', rollout: undefined }],
    ['rolledOut', 'rollOut', { rollout: 'variant_T' }],
  ])('%s, %s', (state, action, expected) => {
    const before = structuredClone(states[state]);
    expect(actions[action](states[state], 50)).toMatchObject(expected);
    expect(states[state]).toEqual(before);
  });

  it.each<[string, ExperimentDesign]>([
    ['without a goal', { primary: null }],
    ['with one variant', { variants: [{ name: 'C' }] }],
    ['with no variant', { variants: [] }],
  ])('does not start %s', (_, changes) => {
    expect(start(applyDesign(draft, changes), 50)).toEqual({
      status: 400,
      message: 'Starting an experiment needs a primary metric event name and at least two variants.',
    });
  });

  it('refuses a winner that is not one of its variants', () => {
    const refusal = { status: 400, message: 'variantId: this experiment has no such variant.' };
    expect(nameWinner(running, 'variant_X')).toEqual(refusal);
    expect(stop(running, 50, { winner: 'variant_X' })).toEqual(refusal);
    expect(rollOut(completed, 'variant_X')).toEqual(refusal);
  });

  it('stops with a winner and a rollout, which are independent', () => {
    expect(stop(running, 50, { winner: 'variant_C', rollout: 'variant_T' })).toMatchObject({
      status: 'completed',
      winner: 'variant_C',
      rollout: 'variant_T',
    });
  });

  it('removes a winner', () => {
    expect(nameWinner(done(nameWinner(running, 'variant_T')), undefined)).toEqual(running);
  });

  it('does not roll out the control, at the stop or later', () => {
    const refusal = { status: 400, message: expect.stringContaining('control') };
    expect(stop(running, 50, { rollout: 'variant_C' })).toEqual(refusal);
    expect(rollOut(completed, 'variant_C')).toEqual(refusal);
  });

  it('keeps its intervals in order when the clock is set back', () => {
    const stopped = done(stop(done(pause(done(start(draft, 100)), 90)), 50));
    expect(stopped).toMatchObject({ runs: [[100, 100]], pauses: [[90, 90]] });
  });

  it('has one run, consecutive pauses and one end, whatever the actions', () => {
    const asked = fc.array(fc.tuple(fc.constantFrom(...Object.values(actions)), fc.nat(20)));
    fc.assert(
      fc.property(asked, (steps) => {
        let now = 0;
        let experiment = draft;
        for (const [action, later] of steps) {
          now += later;
          const next = action(experiment, now);
          if (experiment.status === 'completed' && !isProblem(next)) {
            expect({ ...next, winner: undefined, rollout: undefined }).toEqual({
              ...experiment,
              winner: undefined,
              rollout: undefined,
            });
          }
          experiment = isProblem(next) ? experiment : next;
        }
        const { status, runs, pauses } = experiment;
        const ends = [...pauses, ...runs].map(([, to]) => to);
        expect(runs).toHaveLength(status === 'draft' ? 0 : 1);
        expect(pauses.flat()).toEqual(pauses.flat().toSorted((a, b) => a - b));
        expect(ends.filter((to) => to === FOREVER)).toHaveLength(
          { draft: 0, running: 1, paused: 2, completed: 0 }[status],
        );
      }),
    );
  });
});

describe('an edit', () => {
  it('replaces the given fields and keeps the rest', () => {
    const edited = edit(draft, { primary: null, secondary: ['add_to_cart'], allocation: 5 });
    expect(edited).toEqual({ ...draft, primary: undefined, secondary: ['add_to_cart'], allocation: 0.05 });
  });

  it('counts an event that is goal and secondary only as the goal', () => {
    expect(edit(draft, { primary: 'a', secondary: ['a', 'b', 'b'] })).toMatchObject({ primary: 'a', secondary: ['b'] });
  });

  it('of a draft may change everything', () => {
    const variants = [{ name: 'A' }, { name: 'B' }, { name: 'D' }];
    expect(edit(draft, { key: 'other', type: 'multivariate', variants })).toMatchObject({
      id: 'exp_1',
      key: 'other',
      type: 'multivariate',
      variants: variants.map(({ name }) => ({ id: `variant_${name}`, name })),
    });
  });

  it.each<[string, ExperimentDesign]>([
    ['the key', { key: 'other' }],
    ['the number of variants', { variants: [{ name: 'C' }, { name: 'T' }, { name: 'U' }] }],
    ['a name', { variants: [{ name: 'C' }, { name: 'U' }] }],
    ['the control', { variants: [{ name: 'C' }, { name: 'T', isControl: true }] }],
    ['a weight', { variants: [{ name: 'C' }, { name: 'T', weight: 51 }] }],
  ])('does not change %s after the start', (_, changes) => {
    for (const experiment of [running, paused]) expect(edit(experiment, changes)).toMatchObject({ status: 409 });
  });

  it('of a running experiment accepts its own weights after rounding', () => {
    const variants = [
      { name: 'C', weight: 49.9999999999 },
      { name: 'T', weight: 50.0000000001 },
    ];
    expect(edit(running, { variants, name: 'New' })).toEqual({ ...running, name: 'New' });
  });

  it('does not remove the goal of a running experiment', () => {
    expect(edit(running, { primary: null, secondary: [] })).toMatchObject({
      status: 409,
      message: expect.stringContaining('primary metric'),
    });
  });
});
