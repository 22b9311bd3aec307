import type { ClockPlan } from '../plan/clock-plan.js';

/** The machine's clock, unaffected by {@link bendWallClock}. */
export const trueNow: () => number = Date.now.bind(Date);

/** Replaces the wall clock of this process. Timers and the monotonic clock stay right. */
export function bendWallClock({ skewMs, driftMs, steps }: ClockPlan, runBegan: number): void {
  const now = (): number => {
    const real = trueNow();
    const elapsedMs = real - runBegan;
    const stepped = steps.reduce((sum, { at, byMs }) => sum + (elapsedMs >= at ? byMs : 0), 0);
    return Math.floor(real + skewMs + stepped + (driftMs * elapsedMs) / 1_000);
  };
  const TrueDate = Date;
  class BentDate extends TrueDate {
    constructor(...given: unknown[]) {
      super(...((given.length === 0 ? [now()] : given) as [number]));
    }
    static override now(): number {
      return now();
    }
  }
  globalThis.Date = BentDate as unknown as DateConstructor;
}
