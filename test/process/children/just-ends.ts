// Tracks and reaches its last line: no flush, no close.
import './fast-clock.js';
import { createClient } from '../../../src/index.js';

// Nothing but the end of the process makes an event leave, and no request ends before its answer.
const options = { flushAt: 1_000, flushIntervalMs: 3_600_000, requestTimeoutMs: 600_000 };
for (const client of Array.from({ length: Number(process.env.CLIENTS ?? 1) }, () => createClient(options))) {
  for (let i = 0; i < Number(process.env.EVENTS ?? 300); i++) client.track({ event: 'purchase', userId: 'v' });
  client.identify({ userId: 'v', userProperties: { city: 'Bern' } });
}
