import { isDeepStrictEqual } from 'node:util';
import type { Interval } from '../measuring/interval.js';
import { applyDesign, type Design } from './design.js';
import type { Experiment, Variant } from './experiment.js';
import type { Problem } from './problem.js';

// draft ── start ─▶ running ── pause ─▶ paused ── resume ─▶ running
//                   running │ paused ── stop ─▶ completed ── rollOut ─▶ completed, one variant for everyone ── endRollout ─▶ completed
//
// `edit` changes no state and is closed to completed experiments. `nameWinner` changes no state either: it is for reports.
// Anything else is a 409, so that only one of two callers starts an experiment.

/** [A] Our wording of the documented rule. */
export const STARTING_NEEDS = 'Starting an experiment needs a primary metric event name and at least two variants.';

/** All that an experiment lacks before it can start, in words that follow "it needs". */
export function missingForStart({ primary, variants }: Experiment): string[] {
  const more = 2 - variants.length;
  return [
    ...(primary === undefined ? ['a goal'] : []),
    ...(more > 0 ? [more === 2 ? 'two variants' : 'one more variant'] : []),
  ];
}

/** Tells whether nothing is missing that a start needs. */
export function isStartable(experiment: Experiment): boolean {
  return missingForStart(experiment).length === 0;
}

/** Begins the run at `now`. */
export function start(experiment: Experiment, now: number): Experiment | Problem {
  if (experiment.status !== 'draft') return forbidden('Only a draft can be started', experiment);
  if (!isStartable(experiment)) return { status: 400, message: STARTING_NEEDS };
  return { ...experiment, status: 'running', runs: [[now, Number.POSITIVE_INFINITY]] };
}

/** Keeps newcomers out from `now` on; who has a variant keeps it, and what they do counts. */
export function pause(experiment: Experiment, now: number): Experiment | Problem {
  if (experiment.status !== 'running') return forbidden('Only a running experiment can be paused', experiment);
  return { ...experiment, status: 'paused', pauses: [...experiment.pauses, [now, Number.POSITIVE_INFINITY]] };
}

/** Lets newcomers in again from `now` on, for good: a pause that was planned for later is called off. */
export function resume(experiment: Experiment, now: number): Experiment | Problem {
  if (experiment.status !== 'paused') return forbidden('Only a paused experiment can be resumed', experiment);
  return { ...experiment, status: 'running', pauses: endAt(experiment.pauses, now) };
}

/** What may be decided when an experiment stops. */
export interface Conclusion {
  /** Id of the variant to report as the winner. @default none */
  readonly winner?: string | undefined;
  /** Id of the variant that everyone gets from now on, not the control. @default nobody gets any */
  readonly rollout?: string | undefined;
}

/** Ends the run, and a pause with it; nothing from `now` on counts. */
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

/** Names the winner in reports, or takes it back. [A] Possible from the start on, and more than once. */
export function nameWinner(experiment: Experiment, winner: string | undefined): Experiment | Problem {
  if (experiment.status === 'draft') return forbidden('Only one that was started can have a winner', experiment);
  if (winner !== undefined && variantOf(experiment, winner) === undefined) return NO_SUCH_VARIANT;
  return { ...experiment, winner };
}

/** Gives a variant to everyone. [A] A second roll-out replaces the first. */
export function rollOut(experiment: Experiment, rollout: string): Experiment | Problem {
  if (experiment.status !== 'completed') return forbidden('Only a completed experiment can be rolled out', experiment);
  const variant = variantOf(experiment, rollout);
  if (variant === undefined) return NO_SUCH_VARIANT;
  if (variant.isControl) {
    return { status: 400, message: 'The control cannot be rolled out: without a roll-out everyone sees it already.' };
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
 * Changes what is given and leaves the rest.
 *
 * [A] Key and variants are fixed once it was started: they decide who is given what, and the split is judged by them.
 */
export function edit(experiment: Experiment, changes: Design): Experiment | Problem {
  if (experiment.status === 'completed') return { status: 409, message: 'A completed experiment cannot be edited.' };
  const edited = applyDesign(experiment, changes);
  if (experiment.status === 'draft') return edited;
  if (edited.key !== experiment.key || !areAlike(edited.variants, experiment.variants)) {
    return { status: 409, message: 'The key and the variants of an experiment that was started cannot be changed.' };
  }
  if (!isStartable(edited)) return { status: 409, message: STARTING_NEEDS };
  // Weights that came back rounded must not move anybody.
  return { ...edited, variants: experiment.variants };
}

function forbidden(rule: string, { status }: Experiment): Problem {
  return { status: 409, message: `${rule}; this one is ${status === 'draft' ? 'a draft' : status}.` };
}

/** What there is of the intervals before `now`; one that would begin later is over before it begins. */
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

/** What a browser is to show for a variant. */
function shownOf({ variantType, redirectUrl, domModifications }: Variant): unknown {
  return { variantType, redirectUrl, domModifications };
}
