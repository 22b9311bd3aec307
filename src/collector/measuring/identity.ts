import type { LogEntry } from './measured-log.js';

/** A number that identifies one visitor under all their names. */
export type VisitorNumber = number;

/**
 * Finds the visitor of every entry: names seen together are one visitor, over the whole log and whenever they were seen.
 *
 * A union-find over names.
 */
export function identify(log: readonly LogEntry[]): Int32Array {
  const numbers = new Map<string, number>();
  const parents: number[] = [];
  const visitors = new Int32Array(log.length);

  for (let index = 0; index < log.length; index++) {
    const names = log[index]!.visitors;
    const number = numberOf(names[0], numbers, parents);
    visitors[index] = number;
    for (let i = 1; i < names.length; i++) {
      parents[rootOf(numberOf(names[i]!, numbers, parents), parents)] = rootOf(number, parents);
    }
  }
  for (let index = 0; index < log.length; index++) visitors[index] = rootOf(visitors[index]!, parents);
  return visitors;
}

function numberOf(name: string, numbers: Map<string, number>, parents: number[]): number {
  const known = numbers.get(name);
  if (known !== undefined) return known;
  const number = parents.push(parents.length) - 1;
  numbers.set(name, number);
  return number;
}

function rootOf(number: number, parents: number[]): number {
  let root = number;
  while (parents[root] !== root) {
    // Path halving keeps chains short without a second walk.
    parents[root] = parents[parents[root]!]!;
    root = parents[root]!;
  }
  return root;
}
