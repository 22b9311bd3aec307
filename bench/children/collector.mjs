// A collector in a process of its own, its data in a file. Messages: {clockAheadMs}, {sample}; each is answered.
import { createCollector } from '../../dist/collector.js';
import { config, hear, tell } from './parent.mjs';

const MB = 1024 * 1024;

let clockAheadMs = 0;
const { data, experiment } = config;
const { url } = await createCollector({ data, experiments: [experiment], now: () => Date.now() + clockAheadMs });
tell({ url });

for (;;) {
  const message = await hear();
  if (message.clockAheadMs !== undefined) clockAheadMs = message.clockAheadMs;
  globalThis.gc();
  const { rss, heapUsed } = process.memoryUsage();
  tell({ rssMb: rss / MB, heapMb: heapUsed / MB });
}
