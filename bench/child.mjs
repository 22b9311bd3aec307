// One measurement of one subject in a fresh process: enqueue time, CPU, throughput, memory, stalls.
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

const { subject, url, rows, events } = JSON.parse(process.argv[2]);
const { create } = await import(`./subjects/${subject}.mjs`);
const client = create({ url, rows });
const { makeEvent, track } = client;

// A tick's worth of events, then the loop gets its turn, as in a busy server.
const PER_TICK = 500;
const turn = () => new Promise((resolve) => setImmediate(resolve));

for (let i = 0; i < 2_000; i += 1) track(makeEvent(-1 - i));
await client.drain();

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let peakRss = 0;
let enqueueMs = 0;
const startedCpu = process.cpuUsage();
const startedAt = performance.now();
for (let i = 0; i < events; ) {
  const made = [];
  for (const end = Math.min(i + PER_TICK, events); i < end; i += 1) made.push(makeEvent(i));
  const before = performance.now();
  for (const event of made) track(event);
  enqueueMs += performance.now() - before;
  await turn();
  if (i % 5_000 === 0) peakRss = Math.max(peakRss, process.memoryUsage.rss());
}
await client.drain();
const tookMs = performance.now() - startedAt;
const cpu = process.cpuUsage(startedCpu);
delay.disable();
peakRss = Math.max(peakRss, process.memoryUsage.rss());
await client.close?.();

process.send(
  {
    enqueueUs: (enqueueMs * 1000) / events,
    cpuUs: (cpu.user + cpu.system) / events,
    perSecond: (events / tookMs) * 1000,
    rssMb: peakRss / 1024 / 1024,
    stallMs: delay.max / 1e6,
  },
  () => process.exit(),
);
