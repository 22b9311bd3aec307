import type { Experiment } from './experiment.js';

/** Why an action on an experiment failed. */
export interface Problem {
  /** The HTTP status: 400 for invalid input, 404 for an unknown experiment, 409 if its state forbids the action. */
  readonly status: 400 | 404 | 409;
  readonly message: string;
  /** All problems, if there are several; `message` is the first. */
  readonly all?: readonly string[] | undefined;
}

/** Distinguishes a problem from an experiment, whose status is a string. */
export function isProblem(result: Experiment | Problem): result is Problem {
  return typeof result.status === 'number';
}

export const UNKNOWN_EXPERIMENT: Problem = { status: 404, message: 'There is no such experiment.' };
