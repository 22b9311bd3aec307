import { setTimeout as sleep } from 'node:timers/promises';

/** An action with its time. */
export interface Happening {
  /** Milliseconds since the run began. */
  readonly at: number;
  /** Later happenings do not wait for its promise. */
  readonly happen: () => Promise<void> | void;
}

/** Starts every action at its time, or as soon as possible after it; resolves when all have finished. */
export async function playOut(happenings: readonly Happening[], elapsedMs: () => number): Promise<void> {
  const underWay: (Promise<void> | void)[] = [];
  for (const { at, happen } of happenings.toSorted((one, other) => one.at - other.at)) {
    const waitMs = at - elapsedMs();
    if (waitMs > 0) await sleep(waitMs);
    underWay.push(happen());
  }
  await Promise.all(underWay);
}
