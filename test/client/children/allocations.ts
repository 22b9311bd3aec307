// Tracks events while nothing is delivered, and prints what each of them has cost. Run with --expose-gc and a large young generation.
import { createHook } from 'node:async_hooks';
import { queryObjects } from 'node:v8';
import { createClient } from '../../../src/index.js';

const WARM_UP = 6_000;
const EVENTS = 4_000;

const { track } = createClient({
  token: 'test_token',
  fetch: () => new Promise(() => undefined),
  maxQueueSize: 1_000_000,
  logger: { warn: () => undefined },
});
const make = (i: number) => ({
  event: 'purchase',
  userId: `visitor-${i % 100}`,
  sessionId: '1732400000000',
  eventProperties: { order_id: `order_${i}`, value: 129.99, currency: 'EUR', items: 3, plan: 'pro yearly' },
  defaultProperties: { current_url: 'https://shop.example/thanks' },
});
const turn = () => new Promise((resolve) => setImmediate(resolve));

const resources = new Map<string, number>();
const hook = createHook({ init: (_id, type) => void resources.set(type, (resources.get(type) ?? 0) + 1) });
const events = Array.from({ length: WARM_UP + EVENTS }, (_, i) => make(i));
/** Kept, so that what hangs from them is counted. */
const receipts: unknown[] = new Array(EVENTS).fill(undefined);

for (let i = 0; i < WARM_UP; i += 1) {
  track(events[i]!);
  if (i % 100 === 0) await turn();
}
await turn();
const count = () => ({
  functions: queryObjects(Function, { format: 'count' }),
  promises: queryObjects(Promise, { format: 'count' }),
});
const before = count();
globalThis.gc!();
const heapBefore = process.memoryUsage().heapUsed;
hook.enable();
// One tick: what a group costs is spread over its events.
for (let i = 0; i < EVENTS; i += 1) receipts[i] = track(events[WARM_UP + i]!);
hook.disable();
const bytes = process.memoryUsage().heapUsed - heapBefore;
await turn();
const after = count();
process.stdout.write(
  JSON.stringify({
    bytes: bytes / EVENTS,
    functions: (after.functions - before.functions) / EVENTS,
    promises: (after.promises - before.promises) / EVENTS,
    resources: [...resources.values()].reduce((sum, created) => sum + created, 0) / EVENTS,
    kept: receipts.length,
  }),
);
process.exit();
