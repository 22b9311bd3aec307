// What a call of track() costs its caller, in CPU time. Medians over chunks, so that one garbage collection is not taken for the call.
import { subscribe } from 'node:diagnostics_channel';
import { createClient } from '../../dist/index.js';
import { median } from '../measure.mjs';
import { makersOf } from '../shapes.mjs';
import { config, tell, turn } from './parent.mjs';

const CHANNELS = ['track', 'append', 'request', 'retry', 'settle', 'circuit'];
const CHUNK = 1_000;
const WARM_UP = 10_000;

const call = config.call === 'JSON.stringify' ? (event) => void JSON.stringify(event) : createTrack();
const { event: make } = makersOf(config.shape);
const events = Array.from({ length: WARM_UP + config.events }, (_, i) => make(i));

const callUs = [];
const handedOverUs = [];
for (let at = 0; at < events.length; at += CHUNK) {
  const chunk = events.slice(at, at + CHUNK);
  const startedAt = cpuUs();
  for (const event of chunk) call(event);
  const calledAt = cpuUs();
  // Promise callbacks run before this; requests do not: they need a turn of the loop.
  await new Promise((resolve) => process.nextTick(resolve));
  const doneAt = cpuUs();
  if (at >= WARM_UP) {
    callUs.push((calledAt - startedAt) / chunk.length);
    handedOverUs.push((doneAt - startedAt) / chunk.length);
  }
  await turn();
}
tell({ callUs: median(callUs), handedOverUs: median(handedOverUs) });

function createTrack() {
  if (config.call === 'track with subscribers')
    for (const name of CHANNELS) subscribe(`ours-ingest:${name}`, () => undefined);
  return createClient({
    token: 'test_bench',
    fetch: () => new Promise(() => undefined),
    maxQueueSize: 10_000_000,
    maxQueueBytes: 2 ** 40,
    requestTimeoutMs: 600_000,
  }).track;
}

function cpuUs() {
  const { user, system } = process.cpuUsage();
  return user + system;
}
