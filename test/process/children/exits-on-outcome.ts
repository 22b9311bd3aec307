// Sends batches of three, one at a time, and exits at the first or the last outcome of the first batch, as WHEN says.
import { createClient } from '../../../src/index.js';

let outcomes = 0;
const ours = createClient({
  flushAt: 3,
  concurrency: 1,
  onOutcome() {
    outcomes += 1;
    if (outcomes === (process.env.WHEN === 'first' ? 1 : 3)) process.exit();
  },
});
for (let sent = 0; sent < Number(process.env.EVENTS); sent += 1) ours.track({ event: 'purchase', userId: 'v' });
