// One measurement of one outbox in a fresh process: `config.scenario` names which.

import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { createClient } from '../../dist/index.js';
import { makersOf } from '../shapes.mjs';
import { openOutbox } from '../stores.mjs';
import { config, hear, tell, turn, watchRss } from './parent.mjs';

/** Events between two turns of the event loop, as in load.mjs. */
const PER_TICK = 100;
const WARM_UP = 2_000;
/** How often each operation is timed. */
const PROBES = 21;

const { place, scenario, url, events } = config;
const makeEvent = makersOf().event;
const { outbox } = await openOutbox(place);
const warnings = [];
const options = {
  token: 'test_bench',
  baseUrl: `${url}/api/v1`,
  outbox,
  flushAt: 500,
  logger: { warn: (message) => warnings.push(message) },
};
let delivered = 0;
let atDelivered = () => undefined;
const counting = {
  ...options,
  onOutcome() {
    delivered += 1;
    atDelivered();
  },
};
tell('ready');
await hear();
tell({ ...(await { append, steady, callers, fill, relay, share, probe, whole }[scenario]()), warnings });

/** Tracks in bursts and appends only. The memory outbox cannot do that alone: its client's requests are never answered. */
async function append() {
  const client = appender();
  await burst(client, WARM_UP, -WARM_UP);
  await stored(client);
  return measured(async () => {
    await burst(client, events, 0);
    await stored(client);
  });
}

/** A steady rate: how long an event's `stored()` takes. */
async function steady() {
  const client = appender();
  await burst(client, WARM_UP, -WARM_UP);
  await stored(client);
  const { perSecond } = config;
  const waits = [];
  const open = [];
  const startedAt = performance.now();
  const result = await measured(async () => {
    for (let tracked = 0; tracked < events; ) {
      const due = Math.min(events, Math.ceil(((performance.now() - startedAt) / 1000) * perSecond));
      for (; tracked < due; tracked += 1) open.push(timed(client, tracked, waits));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await Promise.all(open);
  });
  return { ...result, ...percentiles(waits) };
}

/** So many callers at once, each of which waits until its event is stored and goes on with the next one. */
async function callers() {
  const client = appender();
  await burst(client, WARM_UP, -WARM_UP);
  await stored(client);
  const waits = [];
  let next = 0;
  const caller = async () => {
    while (next < events) await timed(client, next++, waits);
  };
  const result = await measured(() => Promise.all(Array.from({ length: config.callers }, caller)));
  return { ...result, ...percentiles(waits) };
}

/** Leaves events for another process. */
async function fill() {
  const client = appender();
  for (let done = 0; done < events; done += 20_000) {
    await burst(client, Math.min(20_000, events - done), (config.first ?? 0) + done);
    await stored(client);
  }
  return {};
}

/** Delivers what another process has left. */
async function relay() {
  return measured(async () => {
    createClient(counting);
    await untilDelivered(events);
  });
}

/** One of several relays of one outbox: delivers until it is told to stop. */
async function share() {
  const startedCpu = process.cpuUsage();
  createClient(counting);
  setInterval(() => tell({ progress: delivered }), 20).unref();
  await hear();
  const { user, system } = process.cpuUsage(startedCpu);
  return { delivered, cpuUs: user + system };
}

/** What the queue's operations take, after the first `config.deliver` entries have been settled. */
async function probe() {
  const claimed = () => outbox.claim({ maxEntries: 500, maxBytes: 1_000_000, leaseMs: 60_000 });
  for (let settled = 0; settled < config.deliver; ) {
    const entries = await claimed();
    await outbox.ack(entries);
    settled += entries.length;
  }
  const timesOf = { claim: [], ack: [], stats: [], oldest: [] };
  const totals = await outbox.stats();
  let probed = 0;
  for (let i = 0; i < PROBES; i += 1) {
    const entries = await clocked(timesOf.claim, claimed);
    await clocked(timesOf.ack, () => outbox.ack(entries));
    probed += entries.length;
    await clocked(timesOf.stats, () => outbox.stats());
    await clocked(timesOf.oldest, () => outbox.oldest());
  }
  const medians = Object.entries(timesOf).map(([name, times]) => [name, percentiles(times).p50Ms]);
  return { ...Object.fromEntries(medians), totals, probed };
}

async function clocked(times, work) {
  const before = performance.now();
  const result = await work();
  times.push(performance.now() - before);
  return result;
}

/** Tracks and delivers in one process. */
async function whole() {
  const client = createClient(counting);
  await burst(client, WARM_UP, -WARM_UP);
  await client.flush();
  delivered = 0;
  return measured(async () => {
    await burst(client, events, 0);
    const all = untilDelivered(events);
    void client.flush();
    await all;
  });
}

function appender() {
  if (outbox.durable) return createClient({ ...options, relay: false });
  return createClient({ ...options, fetch: () => new Promise(() => undefined), requestTimeoutMs: 600_000 });
}

/** With nobody delivering, what was tracked is settled as soon as it is stored; in memory it is there at once. */
function stored(client) {
  return outbox.durable ? client.flush() : turn();
}

async function burst(client, count, first) {
  for (let i = 0; i < count; ) {
    for (const end = Math.min(i + PER_TICK, count); i < end; i += 1) client.track(makeEvent(first + i));
    await turn();
  }
}

async function timed(client, i, waits) {
  const before = performance.now();
  await client.track(makeEvent(i)).stored();
  waits.push(performance.now() - before);
}

function untilDelivered(count) {
  return new Promise((resolve) => {
    atDelivered = () => {
      if (delivered >= count) resolve();
    };
    atDelivered();
  });
}

async function measured(work) {
  const rss = watchRss();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startedCpu = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const tookMs = performance.now() - startedAt;
  const cpu = process.cpuUsage(startedCpu);
  delay.disable();
  return {
    perSecond: (events / tookMs) * 1000,
    cpuUs: (cpu.user + cpu.system) / events,
    rssMb: rss.peakMb(),
    stallMs: delay.max / 1e6,
  };
}

function percentiles(values) {
  const sorted = Float64Array.from(values).sort();
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}
