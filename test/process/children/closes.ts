// Closes, and tells what keeps the process after that.
import './fast-clock.js';
import { createClient } from '../../../src/index.js';

const ours = createClient({ experimentToken: 'exp_shop', requestTimeoutMs: 600_000, assignTimeoutMs: 60_000 });
for (let i = 0; i < 1_000; i++) ours.track({ event: 'purchase', userId: 'v' });
if (process.env.ASSIGN !== undefined) await ours.assign('checkout', { userId: 'v' });
const totals = await ours.close({ timeoutMs: Number(process.env.TIMEOUT_MS ?? 60_000) });
// A destroyed socket leaves with the end of the turn.
await new Promise(setImmediate);
// The rest is the output's own.
const kept = process.getActiveResourcesInfo().filter((name) => /Timeout|Immediate|TCP|TLS|HTTP/.test(name));
console.log(JSON.stringify({ totals, kept }));
