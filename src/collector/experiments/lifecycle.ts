import type { Interval } from '../measuring/interval.js';
import { applyDesign, type Design } from './design.js';
import type { Experiment, Variant } from './experiment.js';
import type { Problem } from './problem.js';

// draft ── start ─▶ running ── pause ─▶ paused ── resume ─▶ running
//                   running │ paused ── stop │ declareWinner ─▶ completed
//
// `edit` changes no state and is closed to completed experiments. [A] A completed one without a winner may still be given
// one: results are read once it has stopped. Whatever else is asked is a 409, so that of two who start it one is told.

/** [A] Our wording of the documented rule. */
export const STARTING_NEEDS = 'Starting an experiment needs a primary metric event name and at least two variants.';

/** Tells whether nothing is missing that a start needs. */
export function isStartable({ primary, variants }: Experiment): boolean {
  return primary !== undefined && variants.length >= 2;
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

/** Ends the run, and a pause with it; nothing from `now` on counts. */
export function stop(experiment: Experiment, now: number): Experiment | Problem {
  const { status } = experiment;
  if (status !== 'running' && status !== 'paused') {
    return forbidden('Only a running or paused experiment can be stopped', experiment);
  }
  return complete(experiment, now);
}

/** Remembers the winner for good, and stops the experiment unless it has stopped already. */
export function declareWinner(experiment: Experiment, variantId: string, now: number): Experiment | Problem {
  if (experiment.status === 'draft') return forbidden('Only one that was started can have a winner', experiment);
  if (experiment.winner !== undefined) return { status: 409, message: 'This experiment has its winner already.' };
  if (!experiment.variants.some(({ id }) => id === variantId)) {
    return { status: 400, message: 'variantId: this experiment has no such variant.' };
  }
  return { ...(experiment.status === 'completed' ? experiment : complete(experiment, now)), winner: variantId };
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

function complete(experiment: Experiment, now: number): Experiment {
  const { runs, pauses } = experiment;
  return { ...experiment, status: 'completed', runs: endAt(runs, now), pauses: endAt(pauses, now) };
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
    left.every(({ id, name, isControl, share }, i) => {
      const other = right[i]!;
      const isSame = id === other.id && name === other.name && isControl === other.isControl;
      return isSame && Math.abs(share - other.share) < TOLERANCE;
    })
  );
}
