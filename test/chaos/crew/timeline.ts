import { setTimeout as sleep } from 'node:timers/promises';

/** Something that happens at a time. */
export interface Happening {
  /** Milliseconds since the run began. */
  readonly at: number;
  /** May take its time: what comes next does not wait for it. */
  readonly happen: () => Promise<void> | void;
}

/** Lets everything happen at its time, or as soon as possible after it; resolves when the last one is over. */
export async function playOut(happenings: readonly Happening[], elapsedMs: () => number): Promise<void> {
  const underWay: (Promise<void> | void)[] = [];
  for (const { at, happen } of happenings.toSorted((one, other) => one.at - other.at)) {
    const waitMs = at - elapsedMs();
    if (waitMs > 0) await sleep(waitMs);
    underWay.push(happen());
  }
  await Promise.all(underWay);
}
