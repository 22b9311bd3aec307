import { expect, it } from 'vitest';
import type { Sample } from '../chaos/worker/sampling.js';
import { growthOf } from './growth.js';

const flat: Sample = { rssMb: 120, heapMb: 40, files: 30, sockets: 4, timers: 2, lagMs: 20 };
const series = (change: (n: number) => Partial<Sample>): Sample[] =>
  Array.from({ length: 100 }, (_, n) => ({ ...flat, ...change(n) }));
const growing = (samples: readonly Sample[]): string[] =>
  growthOf(samples).flatMap(({ name, isBounded }) => (isBounded ? [] : [name]));

it('what stays as it was, or jumps now and then, does not grow', () => {
  expect(growing(series(() => ({})))).toEqual([]);
  expect(growing(series((n) => (n % 10 === 0 ? { rssMb: 400, lagMs: 2_000 } : {})))).toEqual([]);
});

it('what is more and more grows, whichever figure it is', () => {
  for (const name of Object.keys(flat) as (keyof Sample)[]) {
    expect(growing(series((n) => ({ [name]: flat[name] + n * 100 })))).toEqual([name]);
  }
});
