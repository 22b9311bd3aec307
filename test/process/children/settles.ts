// Waits for its events and leaves everything open: no close.
import { createClient } from '../../../src/index.js';

const ours = createClient({ experimentToken: 'exp_shop', flushIntervalMs: 3_600_000, assignTimeoutMs: 60_000 });
await Promise.all(Array.from({ length: 20 }, () => ours.track({ event: 'purchase', userId: 'v' }).settled()));
// Nothing else is open: waiting for the answer keeps the process.
const { inExperiment } = await ours.assign('checkout', { userId: 'v' });
console.log(JSON.stringify({ inExperiment }));
