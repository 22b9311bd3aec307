import { IDENTIFY_EVENT, IMPRESSION_EVENT } from '../../../protocol/wire.js';
import type { Database } from '../../../sqlite/database.js';
import type { Experiment, Variant } from '../../experiments/experiment.js';
import type { Interval } from '../../measuring/interval.js';
import { parseExperiment } from '../experiment-store.js';

/** The part of an experiment that decides its counts. */
export interface Definition {
  readonly id: string;
  readonly variants: readonly Pick<Variant, 'id' | 'name'>[];
  readonly runs: readonly Interval[];
  readonly pauses: readonly Interval[];
  /** The goal and the other metrics. */
  readonly metrics: readonly string[];
}

/** Reads the stored experiments. */
export interface Definitions {
  /** All of them as one string, which changes with any of them. */
  text(): string;
  parse(text: string): Definition[];
}

export function createDefinitions(database: Database): Definitions {
  // Not the experiments in memory: another process that uses the file may know others.
  const stored = database.prepare(
    "SELECT coalesce('[' || group_concat(definition) || ']', '[]') AS text FROM (SELECT definition FROM experiments ORDER BY rowid)",
  );
  return {
    text: () => (stored.get() as { text: string }).text,
    parse: (text) => (JSON.parse(text) as Experiment[]).map((stored) => definitionOf(parseExperiment(stored))),
  };
}

function definitionOf({ id, variants, runs, pauses, primary, secondary }: Experiment): Definition {
  return {
    id,
    variants: variants.map(({ id, name }) => ({ id, name })),
    runs,
    pauses,
    metrics: [...new Set([primary, ...secondary])].filter(
      (event) => event !== undefined && isTracked(event),
    ) as string[],
  };
}

/** Whether events of this name can convert sessions. SQLite's drivers cut strings at a NUL, so such names are never counted. */
export function isTracked(event: string): boolean {
  return event !== IDENTIFY_EVENT && event !== IMPRESSION_EVENT && !event.includes('\0');
}

/**
 * The earliest time at which two definitions count differently, infinite if there is none. Visitors with no event since then have
 * the same counts by both.
 */
export function differsFrom(before: Definition, after: Definition): number {
  if (JSON.stringify(before.variants) !== JSON.stringify(after.variants)) return Number.NEGATIVE_INFINITY;
  // Exposures name their run by its place, so the runs before must keep theirs.
  const isMoved = before.runs.some(([start], place) => after.runs[place]?.[0] !== start);
  if (isMoved) return Number.NEGATIVE_INFINITY;
  return Math.min(firstDifference(before.runs, after.runs), firstDifference(before.pauses, after.pauses));
}

function firstDifference(before: readonly Interval[], after: readonly Interval[]): number {
  const length = Math.max(before.length, after.length);
  const differences = Array.from({ length }, (_, place): number => {
    const [one, other] = [before[place], after[place]];
    if (one === undefined || other === undefined) return (one ?? other)![0];
    if (one[0] !== other[0]) return Math.min(one[0], other[0]);
    return one[1] === other[1] ? Number.POSITIVE_INFINITY : Math.min(one[1], other[1]);
  });
  return Math.min(...differences, Number.POSITIVE_INFINITY);
}
