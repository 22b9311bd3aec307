// Tracks events at a steady rate while its parent takes the service away, and says all the while how it is doing.

import { performance } from 'node:perf_hooks';
import { contacts } from '../loopback.mjs';
import { config, createSubject, hear, tell, watchRss } from './parent.mjs';

const { events, perSecond } = config;
const client = await createSubject();
// One event before the outage: the subject has its connection and its code is loaded.
client.track(client.makeEvent(-1));
await client.drain();
tell('ready');
await hear();

const rss = watchRss(50);
const attemptsBefore = contacts.attempts;
setInterval(() => {
  const { attempts, strangers } = contacts;
  tell({ progress: { rssMb: rss.peakMb(), attempts: attempts - attemptsBefore, strangers } });
}, 100);

const startedAt = performance.now();
let tracked = 0;
const tracking = setInterval(() => {
  const due = Math.min(events, Math.floor(((performance.now() - startedAt) / 1000) * perSecond));
  for (; tracked < due; tracked += 1) client.track(client.makeEvent(tracked));
  if (tracked === events) clearInterval(tracking);
}, 10);

await hear();
await client.drain();
tell('drained');
