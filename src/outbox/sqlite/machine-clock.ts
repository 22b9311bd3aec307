import { uptime } from 'node:os';

/**
 * Milliseconds since the machine started: a clock that is never set and, unlike `performance.now()`, shared by all its processes.
 * Some runtimes report it in seconds.
 */
export function machineClock(): number {
  return Math.trunc(uptime() * 1_000);
}
