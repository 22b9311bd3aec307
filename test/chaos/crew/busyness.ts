const LOOK_MS = 100;
const BUSY_MS = 700;
/** Around a stall, requests may have been read in another order than they were sent. */
const AROUND_MS = 5_000;

/** Records when this process stalled for so long that it cannot judge the order of requests. */
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
