import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What a process uses at a moment. */
export interface Sample {
  readonly rssMb: number;
  readonly heapMb: number;
  /** Open files and sockets; 0 where the system does not tell. */
  readonly files: number;
  readonly sockets: number;
  readonly timers: number;
  /** The longest the event loop was held up since the last sample. */
  readonly lagMs: number;
}

const MB = 2 ** 20;

/** Calls `take` every so often with what this process uses. It keeps no process alive. */
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
