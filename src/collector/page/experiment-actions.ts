import type { Experiment } from '../experiments/experiment.js';

/** Why something could not be done, in words for the page. */
export interface Problem {
  readonly status: 400 | 404 | 409;
  readonly message: string;
}

/** What can be done to experiments. */
export interface ExperimentActions {
  create(input: unknown): Experiment | Problem;
  edit(idOrKey: string, changes: unknown): Experiment | Problem;
  act(idOrKey: string, action: 'start' | 'pause' | 'resume' | 'stop'): Experiment | Problem;
  declareWinner(idOrKey: string, variantId: string): Experiment | Problem;
}

/** Tells a problem from an experiment, whose status is a word. */
export function isProblem(result: Experiment | Problem): result is Problem {
  return typeof result.status === 'number';
}
