import type { Sample } from '../chaos/worker/sampling.js';

/**
 * How far a figure may be above what it was: a factor, and what garbage collection and chance add to it. What grows steadily
 * from nothing is almost three times as high in the last third as in the first.
 */
const ROOM: Readonly<Record<keyof Sample, { readonly factor: number; readonly slack: number }>> = {
  rssMb: { factor: 1.4, slack: 40 },
  heapMb: { factor: 1.6, slack: 30 },
  files: { factor: 1.3, slack: 10 },
  sockets: { factor: 1.3, slack: 10 },
  timers: { factor: 1.5, slack: 20 },
  lagMs: { factor: 2.5, slack: 300 },
};

/** The share of samples to skip: a process grows while it starts. */
const WARM_UP = 0.15;

/** One figure of a soak: its median in the first third after the warm-up and in the last third. */
export interface Growth {
  readonly name: keyof Sample;
  readonly first: number;
  readonly last: number;
  readonly most: number;
  readonly isBounded: boolean;
}

export function growthOf(samples: readonly Sample[]): Growth[] {
  const warm = samples.slice(Math.ceil(samples.length * WARM_UP));
  const third = Math.max(1, Math.floor(warm.length / 3));
  return (Object.keys(ROOM) as (keyof Sample)[]).map((name) => {
    const values = warm.map((sample) => sample[name]);
    const [first, last] = [values.slice(0, third), values.slice(-third)].map(median) as [number, number];
    const { factor, slack } = ROOM[name];
    return { name, first, last, most: Math.max(0, ...values), isBounded: last <= first * factor + slack };
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
