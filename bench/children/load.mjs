// One measurement of one subject in a fresh process: as many events as it will take, then the wait until they are delivered.

import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { contacts } from '../loopback.mjs';
import { config, createSubject, hear, tell, turn, watchRss } from './parent.mjs';

/**
 * Events between two turns of the event loop. A server at its limit handles a few dozen requests a turn; 100 events are a
 * burst of those. It bounds the stall from below: a turn costs every subject at least 100 events made and taken.
 */
const PER_TICK = 100;
/** A subject that is not done by then is cut off, and what is missing counts as lost. */
const DRAIN_MS = 60_000;

/** Without `warmUp`, the first event is measured with everything it loads and compiles. */
const { events, warmUp = 0 } = config;
const client = await createSubject();

for (let i = 0; i < warmUp; i += 1) {
  client.track(client.makeEvent(-1 - i));
  if (i % PER_TICK === 0) await turn();
}
if (warmUp > 0) await within(DRAIN_MS, client.drain());
tell('ready');
await hear();

const rss = watchRss();
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let enqueueMs = 0;
const startedCpu = process.cpuUsage();
const startedAt = performance.now();
for (let i = 0; i < events; ) {
  const made = [];
  for (const end = Math.min(i + PER_TICK, events); i < end; i += 1) made.push(client.makeEvent(i));
  const before = performance.now();
  for (const event of made) client.track(event);
  enqueueMs += performance.now() - before;
  await turn();
}
await within(DRAIN_MS, client.drain());
const tookMs = performance.now() - startedAt;
const cpu = process.cpuUsage(startedCpu);
delay.disable();

tell({
  enqueueUs: (enqueueMs * 1000) / events,
  cpuUs: (cpu.user + cpu.system) / events,
  tookMs,
  rssMb: rss.peakMb(),
  stallMs: delay.max / 1e6,
  strangers: contacts.strangers,
});

function within(ms, work) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
