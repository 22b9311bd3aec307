// Closes and says how long it takes to end after that.
import { createClient } from '../../../src/index.js';

const ours = createClient({ experimentToken: 'exp_shop' });
for (let i = 0; i < 1_000; i++) ours.track({ event: 'purchase', userId: 'v' });
await ours.assign('checkout', { visitorId: 'v' });
const totals = await ours.close({ timeoutMs: Number(process.env.TIMEOUT_MS ?? 5_000) });
const closedAt = performance.now();
process.once('exit', () => {
  console.log(JSON.stringify({ totals, msToExit: performance.now() - closedAt }));
});
