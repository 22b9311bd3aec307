import { applyDesign, blankDraft, parseDesignChanges, parseNewDesign } from './design.js';
import type { Experiment } from './experiment.js';
import type { ExperimentStore } from './experiment-store.js';
import { type Conclusion, edit, endRollout, nameWinner, pause, resume, rollOut, start, stop } from './lifecycle.js';
import { isProblem, type Problem, UNKNOWN_EXPERIMENT } from './problem.js';

export { isProblem, type Problem };

export type ExperimentAction = 'start' | 'pause' | 'resume' | 'endRollout';

const TRANSITIONS: Readonly<Record<ExperimentAction, (experiment: Experiment, now: number) => Experiment | Problem>> = {
  start,
  pause,
  resume,
  endRollout,
};

const KEY_EXISTS: Problem = { status: 409, message: 'key: another experiment has this key.' };

/** The actions on experiments. A change is stored when the method returns; a problem means that nothing changed. */
export interface ExperimentActions {
  /** Creates a draft; 409 for a key that exists. */
  create(input: unknown): Experiment | Problem;
  /** Changes the given fields. */
  edit(idOrKey: string, changes: unknown): Experiment | Problem;
  act(idOrKey: string, action: ExperimentAction): Experiment | Problem;
  stop(idOrKey: string, conclusion?: Conclusion): Experiment | Problem;
  /** `undefined` removes the winner. */
  nameWinner(idOrKey: string, variantId: string | undefined): Experiment | Problem;
  rollOut(idOrKey: string, variantId: string): Experiment | Problem;
  /** Deletes an experiment and its assignments. [A] Not while it is running or paused. */
  remove(idOrKey: string): Experiment | Problem;
}

export interface ExperimentActionsOptions {
  readonly store: ExperimentStore;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A few letters and digits, unique. */
  readonly randomId: () => string;
}

export function createExperimentActions({ store, now, randomId }: ExperimentActionsOptions): ExperimentActions {
  const save = (experiment: Experiment): Experiment => {
    store.save(experiment);
    return experiment;
  };
  const change = (idOrKey: string, next: (experiment: Experiment) => Experiment | Problem): Experiment | Problem => {
    const experiment = store.find(idOrKey);
    if (experiment === undefined) return UNKNOWN_EXPERIMENT;
    const changed = next(experiment);
    return isProblem(changed) ? changed : save({ ...changed, updatedAt: now() });
  };

  /** Whether another experiment has the key. */
  const isTaken = (input: unknown, own?: Experiment): boolean => {
    const { key } = (input ?? {}) as { readonly key?: unknown };
    const holder = typeof key === 'string' ? store.find(key) : undefined;
    return holder !== undefined && holder.id !== own?.id;
  };

  return {
    create(input) {
      const parsed = parseNewDesign(input);
      if (parsed.problem !== undefined) return refused(parsed.problems, isTaken(input));
      const { key } = parsed.data;
      if (isTaken(parsed.data)) return KEY_EXISTS;
      return save(applyDesign(blankDraft(`exp_${randomId()}`, key, now()), parsed.data));
    },
    edit(idOrKey, changes) {
      const parsed = parseDesignChanges(changes);
      if (parsed.problem !== undefined) return refused(parsed.problems, isTaken(changes, store.find(idOrKey)));
      return change(idOrKey, (experiment) => {
        const edited = edit(experiment, parsed.data);
        if (isProblem(edited)) return edited;
        return isTaken(edited, edited) ? KEY_EXISTS : edited;
      });
    },
    act: (idOrKey, action) => change(idOrKey, (experiment) => TRANSITIONS[action](experiment, now())),
    stop: (idOrKey, conclusion) => change(idOrKey, (experiment) => stop(experiment, now(), conclusion)),
    nameWinner: (idOrKey, variantId) => change(idOrKey, (experiment) => nameWinner(experiment, variantId)),
    rollOut: (idOrKey, variantId) => change(idOrKey, (experiment) => rollOut(experiment, variantId)),
    remove(idOrKey) {
      const experiment = store.find(idOrKey);
      if (experiment === undefined) return UNKNOWN_EXPERIMENT;
      if (experiment.status === 'running' || experiment.status === 'paused') {
        return { status: 409, message: 'This experiment is running or paused: stop it before deleting it.' };
      }
      store.remove(experiment);
      return experiment;
    },
  };
}

/** Lists all problems, so that they can be fixed together. */
function refused(problems: readonly string[], isKeyTaken: boolean): Problem {
  const all = isKeyTaken ? [KEY_EXISTS.message, ...problems] : problems;
  return { status: 400, message: all[0]!, all };
}
