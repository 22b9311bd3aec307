import { isDeepStrictEqual } from 'node:util';
import type { Interval } from '../measuring/interval.js';
import { applyDesign, type ExperimentDesign } from './design.js';
import type { Experiment, Variant } from './experiment.js';
import type { Problem } from './problem.js';

// draft ── start ─▶ running ── pause ─▶ paused ── resume ─▶ running
//                   running │ paused ── stop ─▶ completed ── rollOut ─▶ completed, one variant for everyone ── endRollout ─▶ completed
//
// `edit` changes no state and refuses completed experiments. `nameWinner` changes no state either: it is for reports.
// Any other transition is a 409, so that only one of two callers starts an experiment.

/** [A] Our wording of the documented rule. */
export const STARTING_NEEDS = 'Starting an experiment needs a primary metric event name and at least two variants.';

/** What an experiment needs before it can start, to follow "it needs". */
export function missingForStart({ primary, variants }: Experiment): string[] {
  const more = 2 - variants.length;
  return [
    ...(primary === undefined ? ['a goal'] : []),
    ...(more > 0 ? [more === 2 ? 'two variants' : 'one more variant'] : []),
  ];
}

/** Returns whether an experiment has everything it needs to start. */
export function isStartable(experiment: Experiment): boolean {
  return missingForStart(experiment).length === 0;
}

/** Starts the run at `now`. */
export function start(experiment: Experiment, now: number): Experiment | Problem {
  if (experiment.status !== 'draft') return forbidden('Only a draft can be started', experiment);
  if (!isStartable(experiment)) return { status: 400, message: STARTING_NEEDS };
  return { ...experiment, status: 'running', runs: [[now, Number.POSITIVE_INFINITY]] };
}

/** Assigns no new visitors from `now` on. Visitors who have a variant keep it and still count. */
export function pause(experiment: Experiment, now: number): Experiment | Problem {
  if (experiment.status !== 'running') return forbidden('Only a running experiment can be paused', experiment);
  return { ...experiment, status: 'paused', pauses: [...experiment.pauses, [now, Number.POSITIVE_INFINITY]] };
}

/** Assigns new visitors again from `now` on. Pauses that were planned for later are cancelled. */
export function resume(experiment: Experiment, now: number): Experiment | Problem {
  if (experiment.status !== 'paused') return forbidden('Only a paused experiment can be resumed', experiment);
  return { ...experiment, status: 'running', pauses: endAt(experiment.pauses, now) };
}

/** What to decide when an experiment stops. */
export interface Conclusion {
  /** Id of the variant to report as the winner. @default none */
  readonly winner?: string | undefined;
  /** Id of the variant that everyone gets from now on, not the control. @default none */
  readonly rollout?: string | undefined;
}

/** Ends the run and a pause. Events from `now` on do not count. */
export function stop(experiment: Experiment, now: number, { winner, rollout }: Conclusion = {}): Experiment | Problem {
  const { status, runs, pauses } = experiment;
  if (status !== 'running' && status !== 'paused') {
    return forbidden('Only a running or paused experiment can be stopped', experiment);
  }
  if (winner !== undefined && variantOf(experiment, winner) === undefined) return NO_SUCH_VARIANT;
  const completed: Experiment = {
    ...experiment,
    status: 'completed',
    runs: endAt(runs, now),
    pauses: endAt(pauses, now),
    winner,
  };
  return rollout === undefined ? completed : rollOut(completed, rollout);
}

/** Sets or removes the winner in reports. [A] Allowed from the start on, and more than once. */
export function nameWinner(experiment: Experiment, winner: string | undefined): Experiment | Problem {
  if (experiment.status === 'draft') return forbidden('Only a started experiment can have a winner', experiment);
  if (winner !== undefined && variantOf(experiment, winner) === undefined) return NO_SUCH_VARIANT;
  return { ...experiment, winner };
}

/** Gives everyone a variant. [A] A second rollout replaces the first. */
export function rollOut(experiment: Experiment, rollout: string): Experiment | Problem {
  if (experiment.status !== 'completed') return forbidden('Only a completed experiment can be rolled out', experiment);
  const variant = variantOf(experiment, rollout);
  if (variant === undefined) return NO_SUCH_VARIANT;
  if (variant.isControl) {
    return { status: 400, message: 'The control cannot be rolled out: without a rollout everyone sees it already.' };
  }
  return { ...experiment, rollout };
}

export function endRollout(experiment: Experiment): Experiment | Problem {
  if (experiment.rollout === undefined) return { status: 409, message: 'No variant of this experiment is rolled out.' };
  return { ...experiment, rollout: undefined };
}

const NO_SUCH_VARIANT: Problem = { status: 400, message: 'variantId: this experiment has no such variant.' };

function variantOf({ variants }: Experiment, variantId: string): Variant | undefined {
  return variants.find(({ id }) => id === variantId);
}

/**
 * Changes the given fields.
 *
 * [A] Key and variants are fixed after the start: assignments and the sample ratio test depend on them.
 */
export function edit(experiment: Experiment, changes: ExperimentDesign): Experiment | Problem {
  if (experiment.status === 'completed') return { status: 409, message: 'A completed experiment cannot be edited.' };
  const edited = applyDesign(experiment, changes);
  if (experiment.status === 'draft') return edited;
  if (edited.key !== experiment.key || !areAlike(edited.variants, experiment.variants)) {
    return { status: 409, message: 'The key and the variants of a started experiment cannot be changed.' };
  }
  if (!isStartable(edited)) return { status: 409, message: STARTING_NEEDS };
  // Weights that were sent back rounded must not reassign visitors.
  return { ...edited, variants: experiment.variants };
}

function forbidden(rule: string, { status }: Experiment): Problem {
  return { status: 409, message: `${rule}; this one is ${status === 'draft' ? 'a draft' : status}.` };
}

/** Cuts the intervals at `now`. An interval that would begin later becomes empty. */
function endAt(intervals: readonly Interval[], now: number): Interval[] {
  return intervals.map(([from, to]) => [from, Math.max(from, Math.min(to, now))]);
}

const TOLERANCE = 1e-6;

function areAlike(left: readonly Variant[], right: readonly Variant[]): boolean {
  return (
    left.length === right.length &&
    left.every((variant, i) => {
      const { id, name, isControl, share } = variant;
      const shown = shownOf(variant);
      const other = right[i]!;
      const isSame =
        id === other.id &&
        name === other.name &&
        isControl === other.isControl &&
        isDeepStrictEqual(shown, shownOf(other));
      return isSame && Math.abs(share - other.share) < TOLERANCE;
    })
  );
}

/** What a browser shows for a variant. */
function shownOf({ variantType, redirectUrl, domModifications }: Variant): unknown {
  return { variantType, redirectUrl, domModifications };
}
