// Closes and says how long it takes to end after that.
import { createClient } from '../../../src/index.js';

const ours = createClient({ experimentToken: 'exp_shop' });
for (let i = 0; i < 1_000; i++) ours.track({ event: 'purchase', userId: 'v' });
await ours.assign('checkout', { visitorId: 'v' });
// At its exit Node waits for V8 to have optimised undici's parser (WebAssembly). A second after the first request it has.
await new Promise((resolve) => setTimeout(resolve, Number(process.env.AGE_MS ?? 0)));
const totals = await ours.close({ timeoutMs: Number(process.env.TIMEOUT_MS ?? 5_000) });
const closedAt = performance.now();
process.once('exit', () => {
  console.log(JSON.stringify({ totals, msToExit: performance.now() - closedAt }));
});
