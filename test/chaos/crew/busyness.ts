const LOOK_MS = 100;
const BUSY_MS = 700;
/** What came at about the time of a stall may have been read in another order than it came. */
const AROUND_MS = 5_000;

/** Notes when this process was held up so long that it cannot tell in which order requests came. */
export function watchBusyness(): { wasBusyAt(at: number): boolean; stop(): void } {
  const moments: number[] = [];
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    if (now - last > LOOK_MS + BUSY_MS) moments.push(now);
    last = now;
  }, LOOK_MS);
  return {
    wasBusyAt: (at) => moments.some((moment) => Math.abs(moment - at) < AROUND_MS),
    stop: () => clearInterval(timer),
  };
}
