import { uptime } from 'node:os';

/**
 * Milliseconds since the machine was started: a clock that is never set and that all its processes share, which
 * `performance.now()` is not. Some runtimes tell it in seconds.
 */
export function machineClock(): number {
  return Math.trunc(uptime() * 1_000);
}
