import type { Experiment } from './experiment.js';

/** Why nothing was done to an experiment. */
export interface Problem {
  /** As in HTTP: 400 for what was asked, 404 for an unknown experiment, 409 for what its state forbids. */
  readonly status: 400 | 404 | 409;
  readonly message: string;
  /** Where several things are wrong, each of them; `message` is the first. */
  readonly all?: readonly string[] | undefined;
}

/** Tells a problem from an experiment, whose status is a word. */
export function isProblem(result: Experiment | Problem): result is Problem {
  return typeof result.status === 'number';
}

export const UNKNOWN_EXPERIMENT: Problem = { status: 404, message: 'There is no such experiment.' };
