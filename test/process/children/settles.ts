// Waits for its events and leaves everything open: no close.
import { createClient } from '../../../src/index.js';

const ours = createClient({ experimentToken: 'exp_shop', flushIntervalMs: 10 });
await Promise.all(Array.from({ length: 20 }, () => ours.track({ event: 'purchase', userId: 'v' }).settled()));
await ours.assign('checkout', { visitorId: 'v' });
const settledAt = performance.now();
process.once('exit', () => console.log(JSON.stringify({ msToExit: performance.now() - settledAt })));
