// A collector in a process of its own, its data in a file. Messages: {clockAheadMs}, {sample}, {cpu}, {report}; each is answered.
import { createCollector } from '../../dist/collector.js';
import { config, hear, tell } from './parent.mjs';

const MB = 1024 * 1024;

let clockAheadMs = 0;
const { data, experiment } = config;
const collector = await createCollector({ data, experiments: [experiment], now: () => Date.now() + clockAheadMs });
tell({ url: collector.url });

for (;;) {
  const message = await hear();
  if (message.clockAheadMs !== undefined) clockAheadMs = message.clockAheadMs;
  tell(message.report ? report() : message.cpu ? { cpuMs: cpuMs() } : sample());
}

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The CPU time without and with this forced collection of garbage. */
function sample() {
  const before = cpuMs();
  globalThis.gc();
  const { rss, heapUsed } = process.memoryUsage();
  const peakMb = process.resourceUsage().maxRSS / 1024;
  return { rssMb: rss / MB, heapMb: heapUsed / MB, peakMb, cpuMs: before, cpuAfterMs: cpuMs() };
}

/** Asks for the report, which no route answers, and lists its events. */
function report() {
  const startedAt = performance.now();
  const report = collector.report();
  const ms = performance.now() - startedAt;
  const { length } = report.events;
  return { ms, listMs: performance.now() - startedAt - ms, events: length };
}
