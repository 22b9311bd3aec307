// A process that is going to be killed. It tracks events, delivers them, or both, and says the id of every event whose
// `stored()` has resolved, a line each.
import { writeSync } from 'node:fs';
import { createClient } from '../../src/index.js';
import { openOutbox } from '../support/stores.js';
import { idOfNth, isIdentify, visitorOfNth, type WorkerConfig } from './work.js';

/** Enough that one group is being committed and the next one waits for it all the time: whenever the kill comes, it hits both. */
const CALLERS = 4;

const { name, place, aheadMs, baseUrl, tracks, relays } = JSON.parse(process.argv[2]!) as WorkerConfig;
// Without its parent it has nothing to do.
process.stdin.on('end', () => process.exit()).resume();

const { outbox } = await openOutbox(place, aheadMs);
const client = createClient({
  token: 'test_crash',
  baseUrl,
  outbox,
  relay: relays,
  flushIntervalMs: 20,
  logger: { warn: (message) => void writeSync(2, `${message}\n`) },
});
say('ready');
let next = 0;
if (tracks) for (let i = 0; i < CALLERS; i += 1) void trackForEver();
// A worker that only delivers lives by its client's timers, which keep no process.
setInterval(() => undefined, 1_000);

async function trackForEver(): Promise<never> {
  for (;;) {
    const burst = Array.from({ length: 1 + (next % 5) }, () => trackNth(next++));
    await Promise.all(burst);
  }
}

/** Resolves when the event is stored and its id said. */
async function trackNth(n: number): Promise<void> {
  const id = idOfNth(name, n);
  const userId = visitorOfNth(name, n);
  const receipt = isIdentify(n)
    ? client.identify({ userId, userProperties: { [id]: 'seen' } })
    : client.track({ event: 'purchase', userId, distinctId: id, eventProperties: { order_id: id, value: 49.9 } });
  await receipt.stored();
  say(id);
}

/** By the time this returns the line is with the parent, whatever becomes of this process. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}
