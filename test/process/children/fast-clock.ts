// Makes the timers and the monotonic clock of this process run SPEED times as fast. Imported before the package.
const speed = Number(process.env.SPEED ?? 1);

if (speed > 1) {
  const { setTimeout: start } = globalThis;
  const now = performance.now.bind(performance);
  const startFaster = (action: (...given: unknown[]) => void, ms = 0, ...given: unknown[]) =>
    start(action, ms / speed, ...given);
  globalThis.setTimeout = startFaster as typeof setTimeout;
  performance.now = () => now() * speed;
}
