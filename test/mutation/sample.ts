import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../chaos/random.js';
import { type Mutant, mutantsOf } from './mutate.js';
import type { MutationOptions } from './options.js';
import { findRelatedTests } from './related-tests.js';
import { ROOMS, type Room } from './rooms.js';

/** A mutant and the tests that may kill it, the nearest first. */
export interface Trial {
  readonly mutant: Mutant;
  readonly tests: readonly string[];
  /** All tests that the room's mutants may need. */
  readonly roomTests: readonly string[];
}

export interface Sample {
  readonly trials: readonly Trial[];
  /** How many mutants there are in all that was asked for. */
  readonly size: number;
}

/** The mutants to try: from each room in turn, in an order that the seed decides. */
export function drawSample({ only = '', seed, limit }: MutationOptions): Sample {
  const rooms = ROOMS.map((room) => shuffle(trialsOf(room, only), seed));
  const longest = Math.max(...rooms.map(({ length }) => length));
  const inTurn = Array.from({ length: longest }, (_, place) => rooms.flatMap((room) => room[place] ?? [])).flat();
  return { trials: inTurn.slice(0, limit), size: inTurn.length };
}

function trialsOf({ source, tests }: Room, only: string): Trial[] {
  const related = findRelatedTests(
    filesIn('test', '.test.ts').filter((file) => tests.some((beginning) => file.startsWith(beginning))),
  );
  const files = filesIn(source, '.ts').filter((file) => file.startsWith(only));
  const roomTests = [...new Set(files.flatMap(related))];
  return files.flatMap((file) =>
    mutantsOf(file, readFileSync(file, 'utf8')).map((mutant) => ({ mutant, tests: related(file), roomTests })),
  );
}

function filesIn(folder: string, ending: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .sort();
}

/** A mutant keeps its rank when others come or go, so that the same seed still draws nearly the same sample. */
function shuffle(trials: readonly Trial[], seed: number): Trial[] {
  const rankOf = ({ mutant: { file, code, mutated } }: Trial): number =>
    createRandom(`${seed}/${file}/${code}/${mutated}`).next();
  return trials
    .map((trial) => ({ trial, rank: rankOf(trial) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ trial }) => trial);
}
