// Makes the timers and the monotonic clock of this process run SPEED times as fast. Imported before the package.
const speed = Number(process.env.SPEED ?? 1);

if (speed > 1) {
  const now = performance.now.bind(performance);
  const faster =
    (start: typeof setTimeout | typeof setInterval) =>
    (action: (...given: unknown[]) => void, ms = 0, ...given: unknown[]) =>
      start(action, ms / speed, ...given);
  globalThis.setTimeout = faster(setTimeout) as typeof setTimeout;
  globalThis.setInterval = faster(setInterval) as typeof setInterval;
  performance.now = () => now() * speed;
}
