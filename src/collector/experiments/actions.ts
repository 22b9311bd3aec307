import { parse } from '../parse.js';
import { applyDesign, blankDraft, changesSchema, newDesignSchema } from './design.js';
import type { Experiment } from './experiment.js';
import type { ExperimentStore } from './experiment-store.js';
import { declareWinner, edit, pause, resume, start, stop } from './lifecycle.js';
import { isProblem, type Problem, UNKNOWN_EXPERIMENT } from './problem.js';

export { isProblem, type Problem };

export type ExperimentAction = 'start' | 'pause' | 'resume' | 'stop';

const TRANSITIONS: Readonly<Record<ExperimentAction, typeof start>> = { start, pause, resume, stop };

const KEY_EXISTS: Problem = { status: 409, message: 'key: another experiment has it already.' };

/** What can be done to experiments. What was done is stored when a method returns; a problem means that nothing was. */
export interface ExperimentActions {
  /** A draft, made of what was posted; 409 for a key that exists. */
  create(input: unknown): Experiment | Problem;
  /** Changes the fields that were posted and leaves the others. */
  edit(idOrKey: string, changes: unknown): Experiment | Problem;
  act(idOrKey: string, action: ExperimentAction): Experiment | Problem;
  declareWinner(idOrKey: string, variantId: string): Experiment | Problem;
}

export interface ExperimentActionsOptions {
  readonly store: ExperimentStore;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A few letters and digits, never the same twice. */
  readonly randomId: () => string;
}

export function createExperimentActions({ store, now, randomId }: ExperimentActionsOptions): ExperimentActions {
  const save = (result: Experiment | Problem): Experiment | Problem => {
    if (!isProblem(result)) store.save(result);
    return result;
  };
  const change = (idOrKey: string, next: (experiment: Experiment) => Experiment | Problem): Experiment | Problem => {
    const experiment = store.find(idOrKey);
    return experiment === undefined ? UNKNOWN_EXPERIMENT : save(next(experiment));
  };

  return {
    create(input) {
      const parsed = parse(newDesignSchema, input);
      if (parsed.problem !== undefined) return { status: 400, message: parsed.problem };
      const { key } = parsed.data;
      if (store.find(key) !== undefined) return KEY_EXISTS;
      return save(applyDesign(blankDraft(`exp_${randomId()}`, key), parsed.data));
    },
    edit(idOrKey, changes) {
      const parsed = parse(changesSchema, changes);
      if (parsed.problem !== undefined) return { status: 400, message: parsed.problem };
      return change(idOrKey, (experiment) => {
        const edited = edit(experiment, parsed.data);
        if (isProblem(edited)) return edited;
        const holder = store.find(edited.key);
        return holder === undefined || holder.id === edited.id ? edited : KEY_EXISTS;
      });
    },
    act: (idOrKey, action) => change(idOrKey, (experiment) => TRANSITIONS[action](experiment, now())),
    declareWinner: (idOrKey, variantId) => change(idOrKey, (experiment) => declareWinner(experiment, variantId, now())),
  };
}
