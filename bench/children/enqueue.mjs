// What a call of track() costs its caller. Medians over chunks, so that one garbage collection is not taken for the call.
import { performance } from 'node:perf_hooks';
import { createClient } from '../../dist/index.js';
import { makeEvent } from '../events.mjs';
import { median } from '../measure.mjs';
import { config, tell, turn } from './parent.mjs';

const CHUNK = 1_000;
const WARM_UP = 20_000;

const call = await chooseCall(config.variant);
const events = Array.from({ length: WARM_UP + config.events }, (_, i) => makeEvent(i));

const callUs = [];
const handedOverUs = [];
for (let at = 0; at < events.length; at += CHUNK) {
  const chunk = events.slice(at, at + CHUNK);
  const startedAt = performance.now();
  for (const event of chunk) call(event);
  const calledAt = performance.now();
  // Promise callbacks run before this; requests do not: they need a turn of the loop.
  await new Promise((resolve) => process.nextTick(resolve));
  const doneAt = performance.now();
  if (at >= WARM_UP) {
    callUs.push(((calledAt - startedAt) * 1000) / chunk.length);
    handedOverUs.push(((doneAt - startedAt) * 1000) / chunk.length);
  }
  await turn();
}
tell({ callUs: median(callUs), handedOverUs: median(handedOverUs) });

async function chooseCall(variant) {
  if (variant === 'JSON.stringify') return (event) => void JSON.stringify(event);
  const options = {
    token: 'test_bench',
    fetch: () => new Promise(() => undefined),
    maxQueueSize: 10_000_000,
    maxQueueBytes: 2 ** 40,
    requestTimeoutMs: 600_000,
  };
  if (variant === 'track') return createClient(options).track;
  if (variant === 'visitor.track') {
    const { track } = createClient(options).visitor({ userId: 'someone', sessionId: '1732400000000' });
    return ({ distinctId, eventProperties, defaultProperties }) =>
      track('purchase', eventProperties, { distinctId, defaultProperties });
  }
  const { z } = await import('zod');
  const text = z.string();
  const purchase = z.object({
    order_id: text,
    value: z.number(),
    currency: text,
    items: z.int(),
    coupon: text,
    plan: text,
    channel: text,
  });
  return createClient({ ...options, events: { purchase } }).track;
}
