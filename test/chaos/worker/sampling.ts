import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What a process uses at one moment. */
export interface Sample {
  readonly rssMb: number;
  readonly heapMb: number;
  /** Open file descriptors, sockets included; 0 where /proc is missing. */
  readonly files: number;
  readonly sockets: number;
  readonly timers: number;
  /** The longest delay of the event loop since the last sample. */
  readonly lagMs: number;
}

const MB = 2 ** 20;

/** Calls `take` at an interval with what this process uses. Does not keep the process alive. */
export function sampleEvery(ms: number, take: (sample: Sample) => void): void {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  setInterval(() => {
    const { rss, heapUsed } = process.memoryUsage();
    const resources = process.getActiveResourcesInfo();
    const count = (name: string): number => resources.filter((resource) => resource === name).length;
    take({
      rssMb: Math.round(rss / MB),
      heapMb: Math.round(heapUsed / MB),
      files: countFiles(),
      sockets: count('TCPSocketWrap'),
      timers: count('Timeout'),
      lagMs: Math.round(delay.max / 1e6),
    });
    delay.reset();
  }, ms).unref();
}

function countFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}
