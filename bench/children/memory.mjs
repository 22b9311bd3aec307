// Tracks events and samples its memory: before the first, and after each fifth.
import { createClient } from '../../dist/index.js';
import { makersOf } from '../shapes.mjs';
import { config, hear, tell, turn } from './parent.mjs';

const PER_TICK = 100;
const STEPS = 5;
/** While delivering: so many at most wait in the queue, which holds more. */
const IN_QUEUE = 20_000;
const QUEUE_SIZE = 100_000;

const { url, scenario, events } = config;
const makeEvent = makersOf().event;
const ours = createClient({
  token: 'test_bench',
  baseUrl: `${url}/api/v1`,
  flushAt: 500,
  logger: { warn: () => undefined },
});
let tracked = 0;

await sample();
if (scenario === 'down') {
  await track(QUEUE_SIZE);
  await sample();
}
for (let step = 1; step <= STEPS; step += 1) {
  await track(events / STEPS);
  if (scenario === 'delivered') await ours.flush();
  await sample(step === STEPS);
}

async function track(count) {
  for (const end = tracked + count; tracked < end; tracked += 1) {
    ours.track(makeEvent(tracked));
    if (tracked % PER_TICK === 0) await turn();
    if (scenario === 'delivered' && tracked % IN_QUEUE === 0) await ours.flush();
  }
}

async function sample(isLast = false) {
  await turn();
  const { pending, delivered, dropped } = await ours.flush({ timeoutMs: 1 });
  globalThis.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  const mb = 1024 * 1024;
  const unaccounted = tracked - pending - delivered - dropped;
  tell({
    tracked,
    pending,
    delivered,
    dropped,
    unaccounted,
    rssMb: rss / mb,
    heapMb: heapUsed / mb,
    externalMb: external / mb,
    isLast,
  });
  await hear();
}
