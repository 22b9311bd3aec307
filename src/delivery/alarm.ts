import { later } from '../core/timers.js';

/** A timer that fires once, at the earliest of the times it was set to. It does not keep the process alive. */
export interface Alarm {
  setIn(ms: number): void;
  /** It never fires after this. */
  stop(): void;
}

export function createAlarm(monotonic: () => number, ring: () => void): Alarm {
  let ringsAt = Number.POSITIVE_INFINITY;
  let cancel = (): void => undefined;
  return {
    setIn(ms) {
      const at = monotonic() + ms;
      if (ringsAt <= at) return;
      cancel();
      ringsAt = at;
      cancel = later(ms, () => {
        ringsAt = Number.POSITIVE_INFINITY;
        ring();
      });
    },
    stop() {
      cancel();
      ringsAt = Number.NEGATIVE_INFINITY;
    },
  };
}
