// Tracks events at a steady rate into a durable outbox until it is told to end, and says all the while how it is doing.

import { performance } from 'node:perf_hooks';
import { createClient } from '../../dist/index.js';
import { makersOf } from '../shapes.mjs';
import { openOutbox } from '../stores.mjs';
import { config, hear, tell } from './parent.mjs';

const { place, url, perSecond } = config;
const makeEvent = makersOf().event;
const { outbox } = await openOutbox(place);
let dropped = 0;
let unstored = 0;
const client = createClient({
  token: 'test_bench',
  baseUrl: `${url}/api/v1`,
  outbox,
  flushAt: 500,
  logger: { warn: (message) => tell({ progress: { ...figures(), warning: message } }) },
  onOutcome({ status }) {
    if (status !== 'delivered') dropped += 1;
  },
});
tell('ready');
await hear();

const startedAt = performance.now();
let tracked = 0;
const tracking = setInterval(() => {
  const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond);
  for (; tracked < due; tracked += 1) track();
}, 10);
setInterval(() => tell({ progress: figures() }), 250);

await hear();
clearInterval(tracking);
tell({ tracked });
await hear();

function track() {
  unstored += 1;
  client
    .track(makeEvent(tracked))
    .stored()
    .then(() => {
      unstored -= 1;
    });
}

function figures() {
  return { tracked, unstored, dropped, rssMb: process.memoryUsage.rss() / 1024 / 1024 };
}
